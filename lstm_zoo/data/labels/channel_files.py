"""Pictures in several files, a channel each, that differ in what their names end in; folders that are pictures."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from ...media.endings import VOLUMES, stem_of
from ..pipeline.family import Item
from ..pipeline.finding import files_below

NUMBERED = re.compile(r"_\d{4}$")
"""How the names of nnU-Net's channels end, before the ending."""
_LABELS = ("seg", "segmentation", "label", "labels", "mask", "gt")


class Case(NamedTuple):
    """One picture."""

    name: str
    """Without what tells its files from each other."""
    files: Sequence[Path]
    """One, or one a channel; they need not be there."""


def volumes_below(folder: Path) -> list[Path]:
    """Return all volumes below a folder, in order; in place of the files of a DICOM series, their folder."""
    from ...media.dicom_series import is_series

    inside: dict[Path, list[Path]] = defaultdict(list)
    for path in files_below(folder):
        inside[path.parent].append(path)
    found = []
    for place, files in inside.items():
        found += [place] if is_series(files) else [path for path in files if path.name.lower().endswith(VOLUMES)]
    return sorted(found)


def with_channels(item: Item, channels: Sequence[str], endings: Collection[str]) -> Item:
    """Return a picture of which one file is known with those of its other channels, whether they are there or not."""
    case = case_by(Path(item.name), channels, endings) if len(channels) > 1 else None
    return item if case is None else item._replace(others=tuple(file.as_posix() for file in case.files[1:]))


def case_by(file: Path, channels: Sequence[str], endings: Collection[str]) -> Case | None:
    """Return a picture by the file of one of its channels; None where its name ends as those of no channel do."""
    stem = stem_of(file.name, endings) or ""
    fitting = [channel for channel in channels if stem.endswith(channel)]
    if not fitting:
        return None
    shared = stem.removesuffix(max(fitting, key=len))
    files = [file.with_name(shared + channel + file.name[len(stem) :]) for channel in channels]
    return Case(shared.rstrip("_-. ") or stem, files)


def numbered_channels(stems: Iterable[str], first: str) -> tuple[str, ...]:
    """Return nnU-Net's numbers of the channels of pictures, such as _0000 and _0001; empty where they have none.

    Args:
        stems: Names of pictures, without endings.
        first: What names of pictures end in beyond those of their label maps.
    """
    if not NUMBERED.fullmatch(first):
        return ()
    found = [number for stem in stems if (number := NUMBERED.search(stem))]
    firsts = {number.string[: number.start()] for number in found if number[0] == first}
    return tuple(sorted({number[0] for number in found if number.string[: number.start()] in firsts}))


def proposed_channels(names: Iterable[str]) -> tuple[list[str], str] | None:
    """Return what names of channels and of label maps seem to end in, where each folder holds a picture (BraTS, KiTS).

    Args:
        names: Paths of files, below a folder.
    """
    folders: dict[str, set[str]] = defaultdict(set)
    for name in names:
        if stem := stem_of(name, VOLUMES):
            folder, _, file = stem.rpartition("/")
            folders[folder].add(re.split(r"(?=[_-][^_-]*$)", file)[-1])
    counts = Counter(end for ends in folders.values() for end in ends)
    shared = sorted(end for end, count in counts.items() if count > len(folders) / 2)
    maps = [end for end in shared if end.lstrip("_-").lower() in _LABELS]
    if len(folders) < 2 or len(maps) != 1 or len(shared) < 2:
        return None
    return [end for end in shared if end != maps[0]], maps[0]
