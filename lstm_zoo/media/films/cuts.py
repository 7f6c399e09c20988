"""Files that broke off while they were copied or written, as their first or last bytes tell where FFmpeg does not."""

from __future__ import annotations

from pathlib import Path

_HEAD = 64 * 1024  # bytes in which a header lies
_ASF_FILE_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
_ASF_SIZE, _ASF_FLAGS = 40, 88  # where they lie behind the beginning of these properties
_ENOUGH = 0.95  # of the size that is told
_TAIL = 64  # bytes in which a GIF ends; what writers may have put behind it is shorter
_GIF_END = b"\0;"


def cut_off(path: Path) -> str | None:
    """Return why a file is not whole; None: nothing tells so."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
        file.seek(max(0, path.stat().st_size - _TAIL))
        tail = file.read()
    if head.startswith(b"GIF8"):
        return None if _GIF_END in tail else "breaks off: its end mark is missing"
    if head[4:8] == b"ftyp":  # MP4 and its kin, which FFmpeg opens by their index
        return "breaks off: its index (moov), which stands at the end, is missing"
    place = head.find(_ASF_FILE_PROPERTIES)
    if place < 0:
        return None
    told = int.from_bytes(head[place + _ASF_SIZE :][:8], "little")
    is_live = head[place + _ASF_FLAGS] & 1
    there = path.stat().st_size
    if is_live or there >= _ENOUGH * told:
        return None
    return f"breaks off: its header tells {told} bytes, but there are {there}"
