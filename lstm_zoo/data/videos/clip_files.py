"""Which files and folders are clips, which segments of them, and where a clip lies that a list names."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection
from functools import cached_property
from pathlib import Path

from ...console.text import folded
from ...media.endings import ARRAYS, FRAMES, NO_VIDEOS, VIDEOS
from ..pipeline.finding import files_below

Between = tuple[float, float | None]
"""Start and end of a segment, in seconds; None: the end of the film."""
_SECONDS = r"([0-9]+(?:\.[0-9]+)?)"
_SEGMENT = re.compile(rf"#t={_SECONDS}(?:,{_SECONDS})?$")  # as in the addresses of the web (W3C, Media Fragments)


def clips_below(folder: Path, without: Collection[Path] = ()) -> list[Path]:
    """Return the clips below a folder, in order: its videos; arrays, where it has none; else its folders of pictures.

    Pictures and arrays beside videos are made of these, as a rule, and are none. Without any of all that, files of
    unknown endings are taken for videos. Some files and folders may be left out.
    """
    files = [path for path in files_below(folder) if not any(map(path.is_relative_to, without))]
    kinds = [path.suffix.lower() for path in files]
    if not VIDEOS.isdisjoint(kinds):
        return [path for path, kind in zip(files, kinds, strict=True) if kind not in NO_VIDEOS]
    if arrays := [path for path, kind in zip(files, kinds, strict=True) if kind in ARRAYS]:
        return arrays
    folders = {path.parent for path, kind in zip(files, kinds, strict=True) if kind in FRAMES}
    above = {place for path in folders for place in path.parents}
    return sorted(folders - above) or [path for path, kind in zip(files, kinds, strict=True) if kind not in NO_VIDEOS]


def segment_name(name: str, between: Between | None) -> str:
    """Return the name of a segment of a clip; of the whole clip where there is none."""
    if between is None:
        return name
    start, end = between
    return f"{name}#t={start}" if end is None else f"{name}#t={start},{end}"


def segment_of(name: str) -> tuple[str, Between | None]:
    """Return the clip that a name is of, and the segment of it that is meant."""
    found = _SEGMENT.search(name)
    if not found:
        return name, None
    start, end = found.groups()
    return name[: found.start()], (float(start), None if end is None else float(end))


class ClipFinder:
    """Finds the clips below a folder that lists and tables name, who may spell them otherwise.

    Args:
        root: The folder that their names count from.
    """

    def __init__(self, root: Path):
        self._root = root

    def find(self, name: str) -> str | None:
        """Return the only clip that is called so; another case, other blanks and a missing ending do not matter."""
        if (self._root / name).exists():
            return name
        return _only(self._by_spelling[folded(name)])

    def find_stem(self, stem: str) -> str | None:
        """Return the only clip in any folder that is called just so, without its ending."""
        return _only(self._by_stem[stem])

    @cached_property
    def _names(self) -> list[str]:
        return [path.relative_to(self._root).as_posix() for path in clips_below(self._root)]

    @cached_property
    def _by_spelling(self) -> dict[str, set[str]]:
        found = defaultdict(set)
        for name in self._names:
            found[folded(name)].add(name)
            found[folded(name.removesuffix(Path(name).suffix))].add(name)
        return found

    @cached_property
    def _by_stem(self) -> dict[str, set[str]]:
        found = defaultdict(set)
        for name in self._names:
            found[Path(name).stem].add(name)
        return found


def _only(names: set[str]) -> str | None:
    return next(iter(names)) if len(names) == 1 else None
