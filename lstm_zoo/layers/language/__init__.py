"""Layers that write captions: attention, decoders, and the search for words."""
