"""Rehearsals on this machine, with the real programs: PostgreSQL, pgBouncer, Valkey and the reference service."""
