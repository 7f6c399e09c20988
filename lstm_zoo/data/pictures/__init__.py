"""What families of pictures share: how they are decoded, scaled and varied."""
