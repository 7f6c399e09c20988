"""Which files are taken for what, by their endings."""

from __future__ import annotations

from collections.abc import Collection

IMAGES = frozenset(".jpg .jpeg .png .bmp .gif .webp .tif .tiff".split())
"""Images."""
LABELS = (".png", ".bmp", ".gif", ".tif", ".tiff", ".regions.txt", ".txt", ".npy")
"""Files that may hold a label map of an image."""
VOLUMES = (".npz", ".npy", ".nii", ".nii.gz")
"""Volumes, and label maps of volumes."""
NO_VIDEOS = frozenset(
    ".bmp .csv .db .html .ini .jpeg .jpg .json .log .md .npy .npz .pdf .pickle .pkl .png .py .srt .tsv .txt .vtt .wav "
    ".xml .yaml .yml .zip".split()
)
"""Files that lie beside videos; every other one in a class folder is taken for a video, and if it is none, preparation
names it."""


def stem_of(name: str, endings: Collection[str]) -> str | None:
    """Return a file's name without its ending, the longest one that fits; None where none of them does."""
    fitting = [ending for ending in endings if name.lower().endswith(ending)]
    return name[: -len(max(fitting, key=len))] if fitting else None
