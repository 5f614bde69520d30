"""Pulumi resource providers, as the engine starts them, over the emulated AWS."""
