"""Label maps as pictures: the numbers or colours of their pixels, and palettes, which must agree from file to file."""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from typing import NamedTuple

import numpy as np
from PIL import Image

from ..contracts.labels import Colour
from .apart import apart
from .deep_pictures import bits_of, deep_values
from .errors import MediaError
from .images import decoded

LOSSY = "is JPEG, which changes the numbers of the classes; expected PNG: make the labels anew from their source"
_KINDS = ("PNG", "BMP", "TIFF", "GIF")


class LabelPicture(NamedTuple):
    """A label map as a picture stores it."""

    values: np.ndarray
    """Numbers (H, W), or colours (H, W, 3) uint8."""
    palette: np.ndarray | None = None
    """Colours that numbers have in the file, (n, 3) uint8."""

    def colours(self) -> np.ndarray:
        """Return the colour of each pixel, (H, W, 3) uint8.

        Raises:
            MediaError: There are none.
        """
        if self.values.ndim == 3:
            return self.values
        if self.palette is None:
            if self.values.dtype not in (np.uint8, bool):
                raise MediaError(
                    f"holds numbers of the type {self.values.dtype}, expected colours, as data.classes does"
                )
            grey = self.values if self.values.dtype == np.uint8 else np.uint8(255) * self.values
            return grey[..., None].repeat(3, axis=-1)
        return self.palette[self.values]


class Palettes:
    """What colour each number has in the label maps read so far; files may be read in several threads."""

    def __init__(self):
        self._first: dict[int, tuple[Colour, str]] = {}
        self._lock = Lock()

    def check(self, picture: LabelPicture, name: str) -> None:
        """Refuse a label map whose palette gives a number that it uses another colour than a map before it.

        Raises:
            MediaError: It does.
        """
        if picture.palette is None:
            return
        used = np.flatnonzero(np.bincount(picture.values.ravel()))
        with self._lock:
            for number in used.tolist():
                colour = _colour(picture.palette[number])
                first, other = self._first.setdefault(number, (colour, name))
                if first != colour:
                    raise MediaError(
                        f"its palette gives the number {number} the colour {colour}, that of {other} gives it {first}, "
                        "so that numbers do not tell the classes; give the colour of each class in the list that "
                        "data.classes names (name: [red, green, blue]), or store the labels in grey"
                    )


@apart
def read_label_picture(path: Path) -> LabelPicture:
    """Return what a PNG, BMP, TIFF or GIF (the first picture of several) stores.

    Grey that is stored in three equal channels is grey. GIF knows no grey: where all colours in use are greys, these
    are the numbers.

    Raises:
        MediaError: The file cannot be read, or is no label map.
    """
    with decoded(path) as (content, image):
        if image.format == "JPEG":
            raise MediaError(LOSSY)
        if image.format not in _KINDS:
            raise MediaError(f"is a {image.format} file by its content, expected {', '.join(_KINDS)}")
        values, palette = np.asarray(_opaque(image)), None
        if image.mode == "P":
            palette = np.zeros((256, 3), np.uint8)
            stored = np.array(image.getpalette("RGB"), np.uint8).reshape(-1, 3)
            palette[: len(stored)] = stored
        depth = bits_of(image, content)
        if depth > 8 and len(image.getbands()) > 1:  # of which Pillow gives the upper 8 bits: none, of small numbers
            values = deep_values(image, content)[..., :3]
    if values.ndim == 3 and values.shape[-1] != 3:
        raise MediaError(f"holds pixels of the kind {image.mode}, expected numbers, or red, green and blue")
    if values.ndim == 3 and (values == values[..., :1]).all():
        values = values[..., 0]
    if values.ndim == 3 and values.dtype != np.uint8:
        values = (values >> 8 if values.max() > 255 else values).astype(np.uint8)
    if image.mode == "L" and depth < 8:
        values = values // {2: 85, 4: 17}.get(depth, 255)  # Pillow stretched it to 0..255
    if palette is not None and image.format == "GIF":
        greys = palette[np.unique(values)]
        if (greys == greys[:, :1]).all():
            return LabelPicture(palette[values, 0])
    return LabelPicture(values, palette)


def _opaque(image: Image.Image) -> Image.Image:
    """Return a picture without its opacity, which must not hide a label."""
    if image.mode not in ("LA", "RGBA"):
        return image
    if (np.asarray(image.getchannel("A")) < 255).any():
        raise MediaError(
            f"holds opacity ({image.mode}), and some of its pixels are transparent, expected a number or a colour for "
            "each: give those a colour of their own"
        )
    return image.convert(image.mode[:-1])


def _colour(values: np.ndarray) -> Colour:
    red, green, blue = values.tolist()
    return red, green, blue
