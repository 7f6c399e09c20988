"""Pictures of lines of text as tests make them."""

import numpy as np
from PIL import Image

INK, PAPER = 20, 240


def line_of(text, height=16, letter=8):
    """Draw a line without a font, (height, letter * length) uint8: each letter is a pattern of its own."""
    pixels = np.full((height, letter * max(len(text), 1)), PAPER, np.uint8)
    for place, one in enumerate(text.replace(" ", "\0")):
        cells = np.random.default_rng(ord(one)).random((height // 4 - 1, letter // 4)) < 0.4
        cells[0, 0] = True
        drawn = np.where(np.kron(cells, np.ones((4, 4))), INK, PAPER)
        pixels[2:-2, place * letter : (place + 1) * letter] = drawn if one != "\0" else PAPER
    return pixels


def write_line(root, name, text, shown=None, **options):
    """Write NAME.png and NAME.gt.txt; the text as it is given, in bytes or not."""
    file = root / f"{name}.png"
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(line_of(text if shown is None else shown, **options)).save(file)
    raw = text if isinstance(text, bytes) else text.encode()
    (root / f"{name}.gt.txt").write_bytes(raw)
    return file
