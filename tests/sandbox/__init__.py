"""The emulated AWS is held to its own rules."""
