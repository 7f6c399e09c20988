"""Which videos there are and what they show, from folders."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from ...console.text import listed
from ...contracts import InputError
from ...media.endings import is_dropping
from ..pipeline.family import Item
from ..pipeline.finding import check_folder, unlinked
from ..pipeline.splitting import Listing, split_named
from .clip_files import clips_below


def list_videos(root: Path) -> Listing:
    """Return all videos in `root/<class>/`, at any depth; folders called after splits may stand above or below it.

    Raises:
        InputError: There is no such folder, or it does not hold classes with videos.
    """
    check_folder(root)
    clips = clips_below(root)
    own = unlinked(clips)
    names = [path.relative_to(root).as_posix() for path in own]
    inside = [name for name in names if "/" in name]
    folders = [path.name for path in sorted(root.iterdir()) if path.is_dir() and not is_dropping(path.name)]
    if not inside:
        holds = ", ".join(folders[:5]) or "no folders"
        raise InputError(
            "data.root",
            f"no videos in {root}; expected root/<class>/<clip>.mp4 (or .avi, .mov, ..., or a folder of the clip's "
            f"frames), found {holds}",
        )
    if stray := [path.name for path in own if path.parent == root and path.suffix]:
        raise InputError(
            "data.root", f"{stray[0]} lies directly in {root}; move it into the folder of its class, or elsewhere"
        )
    depth = split_depth(inside)
    if depth is None:
        _check_no_splits(inside)
    items = [Item(name, class_of(name, depth)) for name in inside]
    _check_links(root, clips, own, depth)
    held = {path.name for folder in folders for path in (root / folder).iterdir() if path.is_dir()}
    in_question = {name for name in held if not is_dropping(name)} if depth == 0 else set(folders)
    if empty := sorted(in_question - {item.target for item in items}):
        raise InputError(
            "data.root", f"these folders of {root} hold no videos: {', '.join(empty)}; fill or remove them"
        )
    remarks = []
    if frames := sum(path.is_dir() for path in own):
        remarks.append(f"layout: each folder of pictures is a clip ({frames})")
    if depth is None:
        return Listing({"": items}, remarks)
    splits: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        splits[split_named(item.name.split("/")[depth]) or ""].append(item)
    named = ", ".join(f"{folder}/" for folder in sorted({name.split("/")[depth] for name in inside}))
    remarks.append(f"layout: splits by the folders {named} {'within' if depth else 'above'} those of the classes")
    return Listing(dict(splits), remarks)


def split_depth(names: Sequence[str]) -> int | None:
    """Return where all paths of clips have folders that are called after splits; None: nowhere.

    Returns:
        0 above the classes, 1 below them.
    """
    parts = [name.split("/") for name in names]
    if any(len(one) < 3 for one in parts):
        return None
    for depth in (0, 1):
        splits = {split_named(one[depth]) for one in parts}
        if None not in splits and len(splits) > depth:  # one folder `train` in a class is no split
            return depth
    return None


def class_of(name: str, depth: int | None) -> str:
    """Return the class of a clip by its path: the first folder not called after a split; empty: there is none.

    Args:
        name: The path, below the root.
        depth: What `split_depth` says.
    """
    place = 1 if depth == 0 else 0
    folders = name.split("/")[:-1]
    return folders[place] if len(folders) > place else ""


def told_respelt(called: Sequence[str], found: Sequence[str]) -> list[str]:
    """Return in words which clips are spelt otherwise than a list or table has it."""
    others = [f"{one} is {other}" for one, other in zip(called, found, strict=True) if one != other]
    return [f"{len(others)} clips are spelt otherwise than listed ({listed(others, 2)})"] * bool(others)


def _check_no_splits(names: Sequence[str]) -> None:
    """Refuse folders some of which are called after splits, so that it is open what the classes are."""
    first = {name.split("/")[0]: name for name in reversed(names)}
    called = [folder for folder in first if split_named(folder)]
    if len({split_named(folder) for folder in called}) < 2:
        return
    others = [folder for folder in first if folder not in called]
    bare = [name for name in names if name.count("/") == 1 and name.split("/")[0] in called]
    wrong = f"{others[0]}/ stands beside them" if others else f"{bare[0]} is in no folder of a class"
    raise InputError(
        "data.root",
        f"the folders {', '.join(sorted(called))} are called after splits, but {wrong}; expected "
        "root/train/<class>/<clip>.mp4 and so on, or root/<class>/<clip>.mp4",
    )


def _check_links(root: Path, clips: Sequence[Path], own: Sequence[Path], depth: int | None) -> None:
    """Refuse links to a clip of another class."""
    if len(own) == len(clips):
        return
    classes: dict[Path, tuple[str, str]] = {}
    for path in clips:
        name = path.relative_to(root).as_posix()
        label = class_of(name, depth)
        first, known = classes.setdefault(path.resolve(), (name, label))
        if known != label:
            raise InputError(
                "data.root",
                f"{first} and {name} are one file, by a link, but of the classes {known} and {label}; a clip has one "
                "class: keep one of them",
            )
