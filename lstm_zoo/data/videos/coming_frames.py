"""The frames of a video while it comes, with what is wrong with it told as the user's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from ...contracts import InputError, LiveFrame
from ...media.errors import MediaError
from ...media.videos import live_frames


def coming_frames(
    source: Path | BinaryIO, short_side: int, fps: float | None, pictures_fps: float, step: int = 1
) -> Iterator[LiveFrame]:
    """Yield the frames of a video while it comes; see `media.videos.live_frames`.

    Raises:
        InputError: The source cannot be read, or breaks off behind the frames that came.
    """
    try:
        yield from live_frames(source, short_side, fps, step, pictures_fps)
    except MediaError as error:
        raise InputError("", f"{source if isinstance(source, Path) else 'the stream'}: {error}") from None
