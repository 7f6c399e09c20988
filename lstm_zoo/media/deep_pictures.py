"""Pictures of more than 8 bits, or of real numbers: their values, and how these become grey values of 8 bits."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

from .errors import MediaError, reasons
from .formats import DEEP_OPTIONS
from .grey import Limits, in_grey, spread
from .orientation import turned_alike

RANGES = (1, 255, 1023, 4095, 16383, 65535)
"""Greatest values of shares, and of 8, 10, 12, 14 and 16 bits."""
QUARTER = 0.25
"""Share of a range: what fills less of it keeps too few grey values."""
_FEW, _MANY = 4, 32  # values: of a picture that turned black or white, and of one that was more
_BITS_PER_SAMPLE, _PHOTOMETRIC = 258, 262  # tags of TIFF


def bits_of(image: Image.Image, content: bytes) -> int:
    """Return how many bits a value takes in a PNG or TIFF; 8 for other kinds of files."""
    if image.format == "PNG":
        return content[24]  # in the header, which always comes first
    return image.tag_v2.get(_BITS_PER_SAMPLE, (8,))[0] if isinstance(image, TiffImageFile) else 8


def is_deep(image: Image.Image, content: bytes) -> bool:
    """Say whether Pillow would cut off values of a picture."""
    return image.mode in ("I", "F") or image.mode.startswith("I;16") or bits_of(image, content) > 8


def is_negative(image: Image.Image) -> bool:
    """Say whether the values of a TIFF rise from white to black, which Pillow heeds where they are of 8 bits alone."""
    return isinstance(image, TiffImageFile) and image.tag_v2.get(_PHOTOMETRIC) == 0


def deep_values(image: Image.Image, content: bytes) -> np.ndarray:
    """Return the values of a deep picture, (H, W, C): grey, colours, or colours and opacity.

    Raises:
        MediaError: It cannot be read, or holds a value that is no number.
    """
    if len(image.getbands()) == 1:
        values = np.asarray(image)[..., None]
    else:  # of which Pillow gives the upper 8 bits
        import av

        pixels = "rgba64le" if "A" in image.getbands() else "rgb48le"
        with reasons(), av.open(io.BytesIO(content), options=DEEP_OPTIONS) as container:
            values = next(container.decode(video=0)).to_ndarray(format=pixels)
        values = turned_alike(values, image, content)
    bad = ~np.isfinite(values)
    if bad.any():
        row, column, channel = np.argwhere(bad)[0]
        raise MediaError(
            f"holds {values[row, column, channel]} at row {row}, column {column}; expected numbers: write 0, say, there"
        )
    return values


def limits_of(values: np.ndarray) -> Limits:
    """Return which values become black and white where nobody has said so.

    They are those of the smallest usual range that holds all: 0 to 1, 255, 1023, 4095, 16383 or 65535; or where values
    fill less than a quarter of it, or none of its lowest quarter, or there is none, their 0.5 and 99.5 percentiles.
    """
    low, high = spread(values)
    for most in RANGES:
        if values.min() >= 0 and values.max() <= most:
            if low <= QUARTER * most <= high - low:
                return 0.0, float(most)
            break
    if low == high:
        low, high = float(values.min()), float(values.max())
    return low, high if high > low else low + 1


def to_bytes(values: np.ndarray, limits: Limits) -> np.ndarray:
    """Map values to 0..255, linearly between two limits; what lies beyond them becomes 0 or 255.

    Raises:
        MediaError: Next to nothing is left of the differences between them.
    """
    low, high = limits
    grey = in_grey(values, low, high)
    left = np.count_nonzero(np.bincount(grey.ravel()))
    if left < _FEW and (found := len(np.unique(values))) >= _MANY:
        raise MediaError(
            f"its {found} values, {values.min():g} to {values.max():g}, become {left} between the limits {low:g} and "
            f"{high:g}, so that next to nothing is left of it; set data.limits=[black,white] for all pictures"
        )
    return grey
