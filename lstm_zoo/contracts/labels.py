"""Label maps: the class of every pixel, as a number, and the one number that stands for no class."""

VOID = 255
"""Label of a pixel that nobody has labelled, or that lies outside the picture; it counts neither in training nor in
evaluation. Classes have the numbers 0 to K - 1, and K is 255 at the most."""
Colour = tuple[int, int, int]
"""Red, green and blue, from 0 to 255, where these stand for classes."""
