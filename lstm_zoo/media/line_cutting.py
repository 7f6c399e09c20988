"""Lines cut out of the pictures of pages."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from .errors import MediaError

_FAR = 10**6  # in pixels; points beyond any page are drawn from there


def cut_line(picture: np.ndarray, polygon: Sequence[tuple[float, float]]) -> np.ndarray:
    """Cut a line out of a page; around its outline stands the paper's shade, the median of what is inside.

    Args:
        picture: The page in grey (H, W), uint8.
        polygon: The outline, x and y in pixels; the pixels it runs through belong to the line.

    Returns:
        The line (h, w), uint8: the box around the outline, as far as it lies on the page.

    Raises:
        MediaError: The outline has less than three points, or nothing of it lies on the page.
    """
    if len(polygon) < 3:
        raise MediaError(f"has a line with an outline of {len(polygon)} points; expected three or more: mark it anew")
    points = np.rint(np.clip(polygon, -_FAR, _FAR)).astype(int)  # Pillow itself would cut fractions off
    size = np.array(picture.shape[::-1])  # width and height
    start, end = points.min(axis=0).clip(0), (points.max(axis=0) + 1).clip(max=size)
    inside = _mask(points - start, end - start) if (start < end).all() else np.zeros((0, 0), bool)
    if not inside.any():
        (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
        raise MediaError(
            f"has a line at x {left} to {right} and y {top} to {bottom}, of which nothing lies on the page of "
            f"{size[0]} x {size[1]} pixels (width x height); expected the very picture that was transcribed"
        )
    part = picture[start[1] : end[1], start[0] : end[0]]
    return np.where(inside, part, np.uint8(np.median(part[inside])))


def _mask(points: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Return which pixels an outline encloses or runs through.

    Args:
        points: The outline (N, 2), x and y in pixels from the upper left corner of the mask.
        size: Width and height, in pixels.

    Returns:
        The mask (height, width), bool.
    """
    mask = Image.new("1", tuple(size.tolist()))
    ImageDraw.Draw(mask).polygon([tuple(point) for point in points.tolist()], fill=1, outline=1)
    return np.asarray(mask)
