"""A film beside what was foretold of it, frame by frame."""

from __future__ import annotations

import numpy as np
from PIL import Image

from .canvas import OTHER, OURS

_GAP, _BAR = 4, 4  # pixels between both, and of the bar below them
_GROUND = 24  # grey around them, and in place of what nobody knows
_KNOWN = "#8a919c"
_SIDES = (128, 320)  # least and most of the longer side of a frame in a GIF


def in_size(frames: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    """Return foretold frames, (n, H, W, C) from 0 to 1, in the size (h, w) of a film, (n, h, w, 3) uint8."""
    height, width = size
    pixels = np.rint(255 * np.clip(frames, 0, 1)).astype(np.uint8)
    pixels = np.broadcast_to(pixels, (*pixels.shape[:3], 3))
    if pixels.shape[1:3] == (height, width):
        return pixels
    return np.stack(
        [np.asarray(Image.fromarray(one).resize((width, height), Image.Resampling.BILINEAR)) for one in pixels]
    )


def beside(film: np.ndarray, known: np.ndarray | None, coming: np.ndarray) -> np.ndarray:
    """Return a film with what was foretold on its right, (n, h, w, 3) uint8 all.

    A bar below tells frames that were shown (grey), those that are foretold and known (blue), and coming ones (orange).

    Args:
        film: Its last frames: those shown, and those that followed.
        known: What was foretold of these; None: none followed.
        coming: What was foretold of the frames behind the end of the film.
    """
    num_known = 0 if known is None else len(known)
    shown = film[: len(film) - num_known]
    nothing = np.full_like(coming, _GROUND)
    left = np.concatenate([film, nothing])
    right = np.concatenate([shown, *([] if known is None else [known]), coming])
    colours = [_KNOWN] * len(shown) + [OURS] * num_known + [OTHER] * len(coming)
    height, width = film.shape[1:3]
    sheet = np.full((len(left), height + height % 2 + _BAR, 2 * width + _GAP, 3), _GROUND, np.uint8)
    sheet[:, :height, :width], sheet[:, :height, -width:] = left, right
    sheet[:, -_BAR:] = np.array([tuple(bytes.fromhex(colour[1:])) for colour in colours], np.uint8)[:, None, None]
    return sheet


def for_screens(frames: np.ndarray) -> np.ndarray:
    """Return frames scaled so that they are neither tiny nor huge in a browser."""
    longer = max(frames.shape[1], frames.shape[2] // 2)
    scale = min(max(1, _SIDES[0] // longer), _SIDES[1] / longer) if longer < _SIDES[0] else min(1, _SIDES[1] / longer)
    if scale == 1:
        return frames
    size = round(frames.shape[2] * scale), round(frames.shape[1] * scale)
    kind = Image.Resampling.NEAREST if scale > 1 else Image.Resampling.BILINEAR
    return np.stack([np.asarray(Image.fromarray(one).resize(size, kind)) for one in frames])
