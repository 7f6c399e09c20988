"""What is said to people while something runs; the lowest room, which imports nothing of this package."""
