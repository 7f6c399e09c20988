"""Numbers of letters that stand for no letter, in the rows of a text."""

PADDING, UNKNOWN = -1, -2
"""What stands behind the end of a text, and for letters that the alphabet lacks."""
