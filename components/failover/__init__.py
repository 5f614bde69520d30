"""Which site clients reach: facts in, DNS out."""
