"""Films as frames of one size, in grey or in colours: read without loss, and decoded where they are needed."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from ...media.endings import ARRAYS
from ...media.errors import MediaError
from ...media.films.clip_arrays import Order, clip_in, layout_of
from ...media.videos import ANY_SIDE, read_video
from ..pipeline.family import Record


def read_film(
    path: Path,
    number: int | None,
    size: tuple[int, int],
    max_fps: float | None,
    pictures_fps: float,
    order: Order | None = None,
) -> Record:
    """Return a film's frames: arrays as they are, others stretched to the size that is needed.

    Args:
        path: Anything `read_video` takes, or an array that may hold several clips.
        number: Which clip of an array; None: it holds one.
        size: Height and width that are needed, in pixels.
        max_fps: Frames kept per second at most; None keeps all.
        pictures_fps: Frames per second of what tells no times.
        order: See `layout_of`.

    Returns:
        `video`, the frames as PNG files or arrays (h, w, C); `starts`, when each begins, in seconds; `fps`, how many
        make a second; and `remarks`.

    Raises:
        MediaError: It cannot be read; or it holds several clips, and none was asked for.
    """
    if path.suffix.lower() in ARRAYS:
        layout = layout_of(path, order)
        if number is None and layout.num_clips > 1:
            raise MediaError(f"holds {layout.num_clips} clips; expected one film: write each into a file of its own")
        clip, fps = clip_in(path, layout, number or 0), min(pictures_fps, max_fps or pictures_fps)
        kept = np.arange(int(np.ceil(len(clip) * fps / pictures_fps))) * (pictures_fps / fps)
        return {"video": list(clip[kept.astype(int)]), "fps": fps, "starts": np.arange(len(kept)) / fps, "remarks": ()}
    video = read_video(path, ANY_SIDE, max_fps, None, pictures_fps, size)
    fps = len(video.frames) / video.seconds
    return {"video": list(video.frames), "fps": fps, "starts": video.times / fps, "remarks": video.remarks}


def end_of_film(path: Path, num_frames: int, record: Record, max_fps: float | None, pictures_fps: float) -> np.ndarray:
    """Return the last frames of a film that was read, in its own size, (n, h, w, 3) uint8."""
    frames: Sequence[bytes | np.ndarray] = record["video"][-num_frames:]
    if path.suffix.lower() not in ARRAYS:
        start = float(record["starts"][-len(frames)])
        whole = read_video(path, ANY_SIDE, max_fps, (start, None), pictures_fps).frames[-num_frames:]
        frames = whole if len(whole) == len(frames) else frames
    return np.stack([np.asarray(_picture(frame).convert("RGB")) for frame in frames])


def pixels_of(frames: Sequence[bytes | np.ndarray], size: tuple[int, int], channels: int) -> np.ndarray:
    """Return frames in one size, (n, H, W, C) uint8: stretched as a whole, so that nothing is cut off."""
    height, width = size
    found = []
    for picture in map(_picture, frames):
        picture = picture.convert("L" if channels == 1 else "RGB")
        if picture.size != (width, height):
            picture = picture.resize((width, height), Image.Resampling.BILINEAR)
        found.append(np.asarray(picture).reshape(height, width, channels))
    return np.stack(found)


def _picture(frame: bytes | np.ndarray) -> Image.Image:
    if isinstance(frame, bytes):
        return Image.open(io.BytesIO(frame), formats=("JPEG", "PNG"))
    return Image.fromarray(frame[..., 0] if frame.shape[-1] == 1 else frame)
