"""Which videos there are, what they show, and to which split they belong: from folders, list files and tables."""

from __future__ import annotations

import os
import random
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import AfterValidator, Field

from ..console.text import did_you_mean
from ..contracts import InputError, Spec
from ..media.endings import IMAGES, NO_VIDEOS

Share = Annotated[float, Field(ge=0, lt=1)]
"""Share of the examples that a split gets."""


def _absolute_if_here(path: Path) -> Path:
    path = path.expanduser()
    return path.absolute() if path.is_file() else path


ListFile = Annotated[Path, AfterValidator(_absolute_if_here)]
"""A list or table the user wrote: from the working directory, or else below the root of the data; see `find_file`."""


class Clip(NamedTuple):
    """One video of a data set."""

    name: str
    """Path below the root of the data set, or another unique name."""
    label: str
    group: str = ""
    """What it shares with clips of the same source; a group never stands in two splits."""


def files_below(folder: Path) -> list[Path]:
    """Return all files below a folder, also behind links, in order; hidden ones are left out."""
    return sorted(
        Path(place, name)
        for place, _, names in os.walk(folder, followlinks=True)
        for name in names
        if not name.startswith(".")
    )


def images_below(folder: Path) -> list[Path]:
    """Return all image files below a folder, in order."""
    return [path for path in files_below(folder) if path.suffix.lower() in IMAGES]


def videos_below(folder: Path) -> list[Path]:
    """Return all files below a folder that may be videos, in order."""
    return [path for path in files_below(folder) if path.suffix.lower() not in NO_VIDEOS]


def list_videos(root: Path) -> list[Clip]:
    """Return all videos in `root/<class>/`, at any depth below it.

    Raises:
        InputError: There is no such folder, or it does not hold two classes with videos.
    """
    check_folder(root)
    classes = sorted(path for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))
    clips = [
        Clip(path.relative_to(root).as_posix(), folder.name) for folder in classes for path in videos_below(folder)
    ]
    if not clips:
        holds = ", ".join(folder.name for folder in classes[:5]) or "no folders"
        raise InputError(
            "data.root", f"no videos in {root}; expected root/<class>/<clip>.mp4 (or .avi, .mov, ...), found {holds}"
        )
    stray = [path.name for path in videos_below(root) if path.parent == root and path.suffix]
    if stray:
        raise InputError(
            "data.root", f"{stray[0]} lies directly in {root}; move it into the folder of its class, or elsewhere"
        )
    empty = [folder.name for folder in classes if not any(clip.label == folder.name for clip in clips)]
    if empty:
        raise InputError(
            "data.root", f"these folders of {root} hold no videos: {', '.join(empty)}; fill or remove them"
        )
    return clips


def read_list(file: Path, root: Path) -> list[Clip]:
    """Read a UCF101-style list: `Class/clip.avi` a line, with or without the label's number behind it.

    Raises:
        InputError: A line is no path with a class, or the list is empty.
    """
    clips = []
    for number, line in enumerate(read_text(file, "data.lists").splitlines(), 1):
        name = re.sub(r"\s+\d+$", "", line.strip())
        if not name:
            continue
        clip = Clip(name_below(name, root), class_folder(name_below(name, root)))
        if not clip.label:
            raise InputError("data.lists", f"{file}:{number}: expected Class/clip.avi, got {line.strip()!r}")
        clips.append(clip)
    if not clips:
        raise InputError("data.lists", f"{file} names no clips")
    return clips


def split_by_group(clips: Sequence[Any], shares: Mapping[str, float], seed: int) -> dict[str, list[Any]]:
    """Deal clips to splits, whole groups at a time, so that sizes and classes come as near to the shares as they can.

    Args:
        clips: Clips, or whatever has a name, a label and a group; one without a group is a group of its own.
        shares: Share of the clips of each split; they add up to 1.
        seed: Decides between groups of one size.

    Raises:
        InputError: There are fewer groups than splits to fill.
    """
    groups: dict[str, list[Any]] = defaultdict(list)
    for clip in clips:
        groups[clip.group or f"clip:{clip.name}"].append(clip)
    wanted = {split: share for split, share in shares.items() if share > 0}
    if len(groups) < len(wanted):
        raise InputError(
            "data.val_fraction",
            f"{len(groups)} groups cannot fill {len(wanted)} splits untorn; set fractions to 0 or use lists",
        )
    names = sorted(groups)
    random.Random(seed).shuffle(names)
    names.sort(key=lambda name: -len(groups[name]))  # large ones first, while there is room (the sort keeps ties)
    totals = Counter(clip.label for clip in clips)
    counts: dict[str, Counter] = {split: Counter() for split in wanted}
    dealt: dict[str, list[Any]] = {split: [] for split in wanted}
    for number, name in enumerate(names):
        added = Counter(clip.label for clip in groups[name])

        def distance(split: str, added: Counter = added) -> float:
            """Return by how much the split moves away from its goals (squared, summed over classes) with this group."""
            goals = {label: totals[label] * wanted[split] for label in added}
            return sum(more * (more + 2 * (counts[split][label] - goals[label])) for label, more in added.items())

        empty = [split for split in wanted if not dealt[split]]
        split = min(empty if len(empty) >= len(names) - number else wanted, key=distance)
        counts[split].update(added)
        dealt[split].extend(groups[name])
    return {split: sorted(found) for split, found in dealt.items()}


def deal(
    splits: Mapping[str, Sequence[Any]], val_fraction: float, test_fraction: float, seed: int
) -> dict[str, list[Any]]:
    """Return splits as they are, or where there is but the split "", deal its examples to train, val and test."""
    if "" not in splits:
        return {split: list(examples) for split, examples in splits.items()}
    shares = {"train": 1 - val_fraction - test_fraction, "val": val_fraction, "test": test_fraction}
    return split_by_group(splits[""], shares, seed)


def check_splits(splits: Mapping[str, Sequence[Any]], key: str, classes: Collection[str] = ()) -> None:
    """Refuse clips that would spoil a training or its figures.

    Args:
        splits: The clips of each split.
        key: The setting that decided about the splits.
        classes: The classes that there are; those of the clips by default.

    Raises:
        InputError: There is one class only, a clip is named twice, or a group stands in two splits.
    """
    classes = classes or {clip.label for clips in splits.values() for clip in clips}
    if len(classes) < 2:
        raise InputError(key, f"one class only ({', '.join(classes)}); a classifier needs at least two")
    names: dict[str, str] = {}
    groups: dict[str, tuple[str, str]] = {}
    for split, clips in splits.items():
        for clip in clips:
            if clip.name in names:
                raise InputError(
                    key, f"{clip.name} is named twice, for {names[clip.name]} and for {split}; once is right"
                )
            names[clip.name] = split
            home, first = groups.setdefault(clip.group, (split, clip.name)) if clip.group else (split, "")
            if home != split:
                raise InputError(
                    key,
                    f"group '{clip.group}' stands in both {home} ({first}) and {split} ({clip.name}); scores would be "
                    "too good: keep each source in one split",
                )


def number_labels(classes: Sequence[str], like: Spec | None) -> tuple[str, ...]:
    """Return the class names in the order of their numbers: those of a finished run, if there is one.

    Raises:
        InputError: The data hold a class that the run does not know.
    """
    if like is None:
        return tuple(classes)
    unknown = sorted(set(classes) - set(like.class_names))
    if unknown:
        raise InputError(
            "data.root",
            f"the run does not know the class{'es' * (len(unknown) > 1)} {', '.join(unknown)}; it was trained on "
            f"{', '.join(like.class_names)}",
        )
    return like.class_names


def natural_order(names: Iterable[str]) -> tuple[str, ...]:
    """Return names sorted as people count: 2 before 10."""

    def parts(name: str) -> list[tuple[int, int, str]]:
        return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in re.split(r"([0-9]+)", name)]

    return tuple(sorted(names, key=parts))


def check_folder(root: Path, key: str = "data.root") -> None:
    """Raise an InputError if there is no such folder."""
    if root.is_dir():
        return
    if root.exists():
        raise InputError(key, f"{root} is a file; expected a folder")
    parent = next(folder for folder in root.parents if folder.is_dir())
    hint = did_you_mean(root.name, [path.name for path in parent.iterdir()]) if parent == root.parent else ""
    raise InputError(key, f"no folder {root}{hint}; the nearest folder that exists is {parent}")


def find_file(file: Path, root: Path, key: str) -> Path:
    """Return where a `ListFile` lies, or raise an InputError that names the setting."""
    place = root / file  # `file` itself where it is absolute
    if not place.is_file():
        raise InputError(key, f"no file {file}, neither from the working directory nor below {root}")
    return place


def read_text(file: Path, key: str) -> str:
    """Return the text of a file, or raise an InputError that names the setting."""
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(key, f"{file} is not UTF-8 text") from None
    except OSError as error:
        raise InputError(key, f"{file} cannot be read: {error.strerror}") from None


def class_folder(name: str) -> str:
    """Return the first folder of a path below the root: the class, as in `list_videos`."""
    parts = Path(name).parts
    return parts[0] if len(parts) > 1 else ""


def name_below(name: str, root: Path) -> str:
    """Return a file's path as counted from the root."""
    path = Path(name.replace("\\", "/"))
    return path.relative_to(root).as_posix() if path.is_absolute() and path.is_relative_to(root) else path.as_posix()
