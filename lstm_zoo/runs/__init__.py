"""Finished runs: their directory, their network in use, its evaluation and its predictions."""
