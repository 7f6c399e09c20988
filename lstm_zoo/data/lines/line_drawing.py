"""Printed lines: texts made of common words, numbers and marks, and grey pictures of them as a poor scanner sees them.

Each picture has a look of its own: face, size, slant, stretch, slope, a wavy baseline, blur, ink, paper and noise.
"""

from __future__ import annotations

import string
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .word_list import NAMES, WORDS

if TYPE_CHECKING:
    from PIL import Image, ImageFont

CHARACTERS: str = " " + string.ascii_letters + string.digits + ".,;:-'?!"
"""All characters that `line_text` writes."""

_STYLES = {"Sans": "Oblique", "SansMono": "Oblique", "Serif": "Italic"}  # with the family's word for slanted letters
_MARKS = {",": 0.08, ".": 0.07, ";": 0.02, ":": 0.02, "?": 0.02, "!": 0.02, " -": 0.02}  # chance of each after a word
_SMEAR = 2  # empty pixels round the letters before they are bent, so that their edges fade out


def line_text(random: np.random.Generator, longest: int) -> str:
    """Write a line as it might stand in a running text: from anywhere in a sentence to anywhere in another one.

    Args:
        random: Source of the text.
        longest: Characters of the line at the most, 1 or more. Lines are half as long or longer, short of a word.

    Returns:
        Characters of `CHARACTERS`, with single spaces and none at the ends.
    """
    assert longest >= 1, longest
    length = random.integers((longest + 1) // 2, longest + 1)
    line, starts_sentence = "", random.random() < 0.4
    while True:
        word = _word(starts_sentence, random) + _mark(random)
        longer = f"{line} {word}".lstrip()
        if len(longer) <= length:
            line, starts_sentence = longer, word[-1] in ".?!"
        elif line:
            return line.upper() if random.random() < 0.04 else line  # a heading at times


def _word(starts_sentence: bool, random: np.random.Generator) -> str:
    """Return a word, a name or a number; as often as in a text that has a good many of each."""
    kind = random.random()
    if kind < 0.1:
        return _number(random)
    if kind < 0.2:
        return _pick(NAMES, random) + ("'s" if random.random() < 0.2 else "")
    word = _pick(WORDS, random)
    if starts_sentence or kind < 0.23:
        word = word[0].upper() + word[1:]
    if kind > 0.98:
        return f"'{word}'"
    return f"{word}-{_pick(WORDS, random)}" if kind > 0.95 else word


def _number(random: np.random.Generator) -> str:
    """Return a year, a price, a large count, a time of day or a small count."""
    kind = random.integers(5)
    if kind == 0:
        return str(random.integers(1750, 2030))
    if kind == 1:
        return f"{random.integers(100)}.{random.integers(100):02d}"
    if kind == 2:
        return f"{random.integers(1000, 100000):,}"
    if kind == 3:
        return f"{random.integers(24)}:{random.integers(60):02d}"
    return str(random.integers(1, 1000))


def _mark(random: np.random.Generator) -> str:
    """Return what follows a word: mostly nothing."""
    chance = random.random()
    for mark, share in _MARKS.items():
        chance -= share
        if chance < 0:
            return mark
    return ""


def _pick(choices: tuple[str, ...], random: np.random.Generator) -> str:
    return choices[int(random.integers(len(choices)))]


@cache
def faces() -> tuple[Path, ...]:
    """Return the files of the faces that lines are set in: DejaVu, which comes with matplotlib, in twelve styles."""
    import matplotlib

    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    styles = [
        (family, style)
        for family, slanted in _STYLES.items()
        for style in ("", "-Bold", f"-{slanted}", f"-Bold{slanted}")
    ]
    return tuple(folder / f"DejaVu{family}{style}.ttf" for family, style in styles)


@lru_cache(maxsize=256)  # all faces in all sizes of two or three heights
def _font(face: Path, size: int) -> ImageFont.FreeTypeFont:
    from PIL import ImageFont

    return ImageFont.truetype(face, size, layout_engine=ImageFont.Layout.BASIC)  # the other engine is not everywhere


def draw_line(text: str, random: np.random.Generator, height: int) -> np.ndarray:
    """Draw a line of text.

    Args:
        text: What to draw, one character other than a space or more.
        random: Source of the picture's look.
        height: Height, H, in pixels, 16 or more.

    Returns:
        (H, W) uint8, dark ink on light paper; W grows with the text and depends on its look. The ink leaves a margin.
    """
    assert height >= 16, height
    face = faces()[int(random.integers(len(faces())))]
    letters = _letters(text, _font(face, round(height * random.uniform(0.56, 0.76))))
    return _printed(_bent(letters, random, height), random)


def _letters(text: str, font: ImageFont.FreeTypeFont) -> Image.Image:
    """Return the text's letters, white on black, in an image that holds them and `_SMEAR` pixels on each side."""
    from PIL import Image, ImageDraw

    left, top, right, bottom = font.getbbox(text)
    size = (round(right - left) + 2 * _SMEAR, round(bottom - top) + 2 * _SMEAR)
    letters = Image.new("L", size)
    ImageDraw.Draw(letters).text((_SMEAR - left, _SMEAR - top), text, fill=255, font=font)
    return letters


def _bent(letters: Image.Image, random: np.random.Generator, height: int) -> Image.Image:
    """Stretch, slant, slope and wave a line of letters, and blur it.

    The picture is cut into upright strips, and each is taken from a parallelogram of the image of letters.

    Args:
        letters: White on black.
        random: Source of the shape.
        height: Height of the result, in pixels.

    Returns:
        White on black, of the width that the line takes.
    """
    from PIL import Image, ImageFilter

    margin = height / 14
    room = height - 2 * margin - (letters.height - 2 * _SMEAR)  # for the line to rise, to wave and to lie
    stretch = random.uniform(0.85, 1.2)
    length = letters.width * stretch
    rise = random.uniform(-1, 1) * min(0.5 * room, 0.03 * length)  # from end to end; at most 1.7 degrees
    wave = random.uniform(0, 0.1) * room
    top = margin - _SMEAR + abs(rise) / 2 + wave + random.random() * (room - abs(rise) - 2 * wave)
    slant = random.uniform(-0.08, 0.2) - rise / length  # letters turn with the line
    left, right = random.uniform(1, 2.2, 2) * margin - _SMEAR
    width = int(np.ceil(left + length + abs(slant) * letters.height + right))

    edges = np.append(np.arange(0, width - height / 4, height / 2).round(), width).astype(int)  # of S strips, (S + 1,)
    waves = np.sin(2 * np.pi * (edges / (height * random.uniform(3, 8)) + random.random()))
    y = np.array([[0], [height]]) - (top + rise * (0.5 - edges / width) + wave * waves)  # (2, S + 1), in the letters
    x = (edges - left - slant * (letters.height * (slant > 0) - y)) / stretch
    corners = np.stack([x, y], axis=-1)[[0, 1, 1, 0]]  # (4, S + 1, 2)
    quads = np.stack([*corners[:2, :-1], *corners[2:, 1:]], axis=1).reshape(-1, 8)  # anticlockwise from the top left
    strips = [
        ((start, 0, end, height), quad) for start, end, quad in zip(edges[:-1], edges[1:], quads.tolist(), strict=True)
    ]
    bent = letters.transform((width, height), Image.Transform.MESH, strips, Image.Resampling.BICUBIC)
    return bent.filter(ImageFilter.GaussianBlur(random.uniform(0.1, 0.8) * height / 32))


def _printed(letters: Image.Image, random: np.random.Generator) -> np.ndarray:
    """Print letters, white on black, with some ink on some paper: (H, W) uint8."""
    height, width = letters.height, letters.width
    paper, ink = random.uniform(190, 245), random.uniform(10, 85)
    cover = np.linspace(0, 1, 256, dtype=np.float32) ** random.uniform(0.75, 1.4)  # from fat strokes to lean ones
    darkness = ((paper - ink) * cover)[np.asarray(letters)]
    darkness *= 1 - random.uniform(0, 0.3) * _uneven(height, width, random)  # faded in places
    darkness += random.uniform(0, 10) * _uneven(height, width, random)  # and the paper's shade
    darkness += random.uniform(1, 9) * random.standard_normal(darkness.shape, dtype=np.float32)
    return (paper - darkness).clip(0, 255).round().astype(np.uint8)


def _uneven(height: int, width: int, random: np.random.Generator) -> np.ndarray:
    """Return values of 0 to 1 that change slowly over a picture, (H, W) float32."""
    from PIL import Image

    coarse = random.random((3, 2 + width // height), dtype=np.float32)
    return np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BILINEAR))
