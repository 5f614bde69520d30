"""The trading platform as reusable component resources, and the one program that wires them."""
