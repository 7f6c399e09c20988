"""Which images there are, and what people wrote about each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ...console.text import is_text
from ...contracts import SPLITS, InputError
from ...media.endings import IMAGES
from ..pipeline.family import Item
from ..pipeline.finding import files_ending
from ..pipeline.inside import can_be_a_name


class Entry(NamedTuple):
    """What one place of a file says of an image."""

    place: str
    """For messages."""
    image: str
    """Its name below the folder of images."""
    captions: Sequence[Any]
    """Texts; whatever else stands among them makes the image a bad one."""
    split: str = ""
    group: str = ""


def one_line(caption: str) -> str:
    """Return a caption with single blanks between its words and none around it."""
    return " ".join(caption.split())


def gathered(entries: Iterable[Entry], file: Path, key: str) -> dict[str, list[Item]]:
    """Return the images of each split with all that a file says of them, in its order.

    An image that entries put into two splits stands in both.

    Args:
        entries: What the file says; those of one image may stand anywhere.
        file: For messages.
        key: The setting to name in errors.

    Raises:
        InputError: An image is of two groups, or the file says nothing.
    """
    captions: dict[tuple[str, str], list[str]] = defaultdict(list)  # by split and image
    wrong: dict[tuple[str, str], str] = {}
    groups: dict[str, tuple[str, str]] = {}
    for place, name, found, split, group in entries:
        if not can_be_a_name(name):
            raise InputError(key, f"{place}: no file can be called {name[:60]!r}; mend its name")
        if group:
            known, first = groups.setdefault(name, (group, place))
            if group != known:
                raise InputError(
                    key, f"{place}: {name} is of group '{group}' here, but of '{known}' in {first}; keep one"
                )
        captions[split, name] += [one_line(text) for text in found if _is_caption(text)]
        for text in found:
            if not _is_caption(text):
                wrong.setdefault((split, name), f"{place}: its caption is {_called(text)}; expected text")
    if not captions:
        raise InputError(key, f"{file} holds no captions")
    splits: dict[str, list[Item]] = defaultdict(list)
    for (split, name), texts in captions.items():
        notes = wrong.get((split, name), "")
        splits[split].append(Item(name, tuple(texts), groups.get(name, ("", ""))[0], notes))
    return {split: splits[split] for split in ("", *SPLITS) if split in splits}


def _is_caption(value: Any) -> bool:
    return isinstance(value, str) and is_text(value)  # JSON may hold halves of characters


def _called(value: Any) -> str:
    return "null" if value is None else f"{value!r:.80}"


def with_stray_images(splits: Mapping[str, Sequence[Item]], folder: Path) -> dict[str, list[Item]]:
    """Return the images of each split, and in the first one those below a folder that have no captions in any.

    They are bad files, so that preparation names them whatever becomes of them.
    """
    named = {item.name for items in splits.values() for item in items}
    found = (path.relative_to(folder).as_posix() for path in files_ending(folder, IMAGES))
    ordered = {split: list(splits[split]) for split in SPLITS if split in splits}
    ordered[next(iter(ordered))] += [Item(name, ()) for name in found if name not in named]
    return ordered
