"""Recurrent layers over the axes of images and volumes."""
