"""Giving runs away: a clean folder, a card that tells what it is, and a place on the hub."""
