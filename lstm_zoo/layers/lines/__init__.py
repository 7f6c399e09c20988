"""Layers for lines of text, each of its own width."""
