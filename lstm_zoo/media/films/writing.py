"""Frames as films that browsers and players show: MP4 (H.264) and animated GIF."""

from __future__ import annotations

import io
from fractions import Fraction

import av
import numpy as np
from PIL import Image

_ENCODING = {
    "crf": "16",  # constant rate factor: nearly without loss
    "mbtree": "0",  # with it, and AVX-512, x264 writes small frames as other bytes each time
}
_CENTISECONDS = 2  # of a frame of a GIF; browsers show shorter ones slowly


def mp4_of(frames: np.ndarray, fps: float) -> bytes:
    """Return frames, (T, H, W, 3) uint8, as an MP4 file; odd sides are kept, in a colour format that allows them."""
    buffer = io.BytesIO()
    height, width = frames.shape[1:3]
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=Fraction(fps).limit_denominator(1000), options=_ENCODING)
        stream.width, stream.height = width, height
        stream.pix_fmt = "yuv444p" if height % 2 or width % 2 else "yuv420p"
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), "rgb24")))
        container.mux(stream.encode())
    return buffer.getvalue()


def gif_of(frames: np.ndarray, fps: float) -> bytes:
    """Return frames, (T, H, W, 3) uint8, as a GIF that is shown again and again."""
    buffer = io.BytesIO()
    first, *others = map(Image.fromarray, frames)
    length = 10 * max(_CENTISECONDS, round(100 / fps))
    first.save(buffer, "GIF", save_all=True, append_images=others, duration=length, loop=0)
    return buffer.getvalue()
