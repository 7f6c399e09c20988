"""Losses, and scores of answers: of a whole split, and those that Keras follows while it trains."""
