"""Layers that put networks on pictures: every frame of a clip, one image, and the scaling of pixels."""
