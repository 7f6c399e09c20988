"""Labelled pictures: images and volumes of any size whose pixels, or which as a whole, belong to classes."""
