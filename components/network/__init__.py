"""The network: what stands where, and who may talk to whom."""
