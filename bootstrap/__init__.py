"""What outlives both sites and belongs to neither, in a program and a state of its own."""
