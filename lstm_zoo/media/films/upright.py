"""Frames as they are meant to be seen: pixels that are no squares, pictures that lie on their side or are mirrored."""

from __future__ import annotations

import av
import numpy as np
from av.sidedata.sidedata import Type
from av.video.reformatter import VideoReformatter

_MOST = 10.0  # width of a pixel over its height, or the other way round; what is beyond it is a damaged header


class Upright:
    """Scales the frames of a film to one size, and turns and mirrors them.

    FFmpeg scales while it converts, by its fast bilinear method.

    Args:
        short_side: Length of the shorter side of the frames, in pixels; smaller ones are not enlarged.
        aspect: Width of a pixel over its height.
    """

    def __init__(self, short_side: int, aspect: float):
        self._short_side = short_side
        self._aspect = aspect if 1 / _MOST <= aspect <= _MOST else 1.0
        self._scaler = VideoReformatter()
        self._size: tuple[int, int] | None = None
        self._turned, self._matrix = 0, None

    def __call__(self, frame: av.VideoFrame) -> np.ndarray:
        """Return a frame, (h, w, 3) uint8, RGB; the first one decides about the size of all."""
        if self._size is None or frame.rotation != self._turned:  # a telephone may be turned while it films
            self._turned = frame.rotation
            self._matrix = frame.side_data.get(Type.DISPLAYMATRIX)  # type: ignore[arg-type]
        if self._size is None:
            width, height = max(round(frame.width * self._aspect), 1), frame.height
            scale = min(1.0, self._short_side / min(width, height))
            self._size = round(width * scale), round(height * scale)
        rgb = self._scaler.reformat(frame, *self._size, "rgb24", interpolation="FAST_BILINEAR").to_ndarray()
        return rgb if self._matrix is None else _shown(rgb, self._matrix)


def _shown(rgb: np.ndarray, matrix: bytes) -> np.ndarray:
    """Return a picture as a display matrix has it shown, to the nearest quarter turn.

    Args:
        rgb: (h, w, 3).
        matrix: Nine 32-bit integers, of which [[a, b, _], [c, d, _], ...] show (x, y) at (ax + cy, bx + dy); y goes
            down.
    """
    a, b, _, c, d, *_ = np.frombuffer(matrix, np.int32).tolist()
    if abs(a) + abs(d) < abs(b) + abs(c):
        rgb, a, d = rgb.swapaxes(0, 1), c, b
    return np.ascontiguousarray(rgb[:: -1 if d < 0 else 1, :: -1 if a < 0 else 1])
