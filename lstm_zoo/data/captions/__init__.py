"""Captioned images: photographs and drawings with sentences about them."""
