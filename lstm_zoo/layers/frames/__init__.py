"""Layers on the frames of clips that are pictures again."""
