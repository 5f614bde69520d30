"""The sandbox: the same program, the real Pulumi engine, an emulated AWS."""
