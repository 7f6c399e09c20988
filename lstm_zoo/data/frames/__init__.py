"""Clips and the frames that follow them: how they are stored and shown, and their data sets."""
