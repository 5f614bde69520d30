"""What the program's structure costs: its preview beside a flat program with the very same resources."""
