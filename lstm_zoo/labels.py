"""Label maps: the class of every pixel, as a number, and the one number that stands for no class."""

from typing import NamedTuple

VOID = 255
"""Label of a pixel that nobody has labelled, or that lies outside the picture; it counts neither in training nor in
evaluation. Classes have the numbers 0 to K - 1, and K is 255 at the most."""


class Classes(NamedTuple):
    """The classes of a data set, and how its label files number them."""

    names: tuple[str, ...]
    """Name of each class, in the order of its number from 0 to K - 1."""
    numbers: dict[int, int]
    """What each number in the label files stands for: a class, or VOID."""
