"""Examples as a network sees them, with their labels: pictures as PNG files, labels as text and colours."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from PIL import Image

from ..contracts import Classes, Example, Frames, LabelMap, Number, Spec, Text, Words
from ..contracts.labels import VOID
from ..contracts.text import PADDING
from ..contracts.words import sentence, words_of
from ..tasks.figures.class_colours import VOID_COLOUR, laid_over, palette

_MOST_FRAMES = 8
_LEAST = 128  # pixels of the longer side; smaller pictures are enlarged
_UNKNOWN = "\N{REPLACEMENT CHARACTER}"


class Drawn(NamedTuple):
    """One example for people."""

    split: str
    name: str
    panels: list[bytes]
    """PNG files."""
    wide: bool
    """Whether the picture is much wider than high."""
    labels: list[str]
    """What is to be answered, in words."""


def drawn(example: Example, spec: Spec) -> Drawn:
    """Draw an example."""
    seen = next((name for name, tensor in spec.inputs.items() if tensor.dtype == "uint8"), None)  # others are numbers
    panels = []
    if seen is not None:
        panels += _panels(_coloured(example.inputs[seen], spec.inputs[seen].masked), example.target, spec)
    wide = any(panel.shape[1] > 3 * panel.shape[0] for panel in panels)
    labels = list(_labels(example.target, spec))
    return Drawn(example.split, example.name, [_png(panel) for panel in panels], wide, labels)


def legend(examples: Iterable[Example], spec: Spec) -> dict[str, str]:
    """Return the colour (`#rrggbb`) of each class in the label maps of examples, and of void, by name."""
    if not isinstance(spec.target, LabelMap):
        return {}
    found = sorted(set().union(*(np.unique(example.target).tolist() for example in examples)))
    colours = palette(spec.num_classes)
    return {_class_name(number, spec): "#" + colours[number].tobytes().hex() for number in found}


def _panels(picture: np.ndarray, target: np.ndarray, spec: Spec) -> Iterator[np.ndarray]:
    """Yield frames of a clip (and of what follows it), or a picture (a volume's middle plane) and its label map."""
    if isinstance(spec.target, LabelMap):
        if picture.ndim == 4:
            picture, target = picture[len(picture) // 2], target[len(target) // 2]
        yield picture
        yield laid_over(picture, palette(spec.num_classes)[target])
    elif picture.ndim == 4:
        if isinstance(spec.target, Frames):
            picture = np.concatenate([picture, np.broadcast_to(target, (*target.shape[:3], 3))])
        yield from picture[np.linspace(0, len(picture) - 1, min(_MOST_FRAMES, len(picture))).round().astype(int)]
    else:
        yield picture


def _labels(target: np.ndarray, spec: Spec) -> Iterator[str]:
    """Yield what is to be answered, in words."""
    asked = spec.target
    if isinstance(asked, Classes):
        yield asked.names[int(target)]
    elif isinstance(asked, LabelMap):
        yield ", ".join(_class_name(number, spec) for number in np.unique(target).tolist())
    elif isinstance(asked, Words):
        captions = (words_of(row, asked.vocabulary) for row in target.tolist())
        yield from (sentence(words, asked.split) for words in captions if words)
    elif isinstance(asked, Text):
        letters = dict(enumerate(asked.alphabet))
        yield "".join(letters.get(number, _UNKNOWN) for number in target.tolist() if number != PADDING)
    elif isinstance(asked, Number):
        yield f"{float(target.squeeze()):g} {asked.unit}"
    elif isinstance(asked, Frames):
        yield f"the last {asked.horizon} frames, of which these are some"


def _class_name(number: int, spec: Spec) -> str:
    return "void" if number == VOID else spec.class_names[number]


def _coloured(picture: np.ndarray, masked: bool) -> np.ndarray:
    """Return a picture (..., C) as (..., 3), of other than three channels the first; padding has the colour of void."""
    picture, there = (picture[..., :-1], picture[..., -1:] > 0) if masked else (picture, np.True_)
    coloured = picture if picture.shape[-1] == 3 else np.repeat(picture[..., :1], 3, axis=-1)
    return np.where(there, coloured, np.array(VOID_COLOUR, np.uint8))


def _png(panel: np.ndarray) -> bytes:
    factor = max(1, _LEAST // max(panel.shape[:2]))
    buffer = io.BytesIO()
    Image.fromarray(panel.repeat(factor, axis=0).repeat(factor, axis=1)).save(buffer, "PNG")
    return buffer.getvalue()
