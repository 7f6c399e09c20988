"""Which pictures have which label maps: from folders side by side, or a CSV table.

Either file of an item may be missing: its path is then the one where it was looked for; see `check_pair`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from ...console.text import listed
from ...contracts import InputError
from ...media.endings import FOLDER, IMAGES, LABELS, stem_of
from ..pipeline.family import Item
from ..pipeline.finding import check_folder, files_ending, name_below
from ..pipeline.splitting import Listing
from ..pipeline.tables import read_rows
from .channel_files import numbered_channels, volumes_below, with_channels
from .layouts import Folders, Suffixes, find_suffixes, inside, usual_folders, without_labels
from .name_lists import by_lists, usual_lists

COLUMNS = ("image", "labels", "split", "group")
"""What a table may hold; only image and labels must be there."""


class _File(NamedTuple):
    """A file of a data set."""

    stem: str
    """Path below its folder, without the ending."""
    ending: str
    name: str
    """Path below the root."""


_Found = Mapping[str, tuple[Sequence[_File], Sequence[_File]]]
"""Images and label files of each split."""


def list_pairs(
    root: Path,
    folders: Folders,
    images: Collection[str] = IMAGES,
    labels: Collection[str] = LABELS,
    suffixes: Suffixes = (None, None),
    lists: Mapping[str, Path] | None = None,
    channels: Sequence[str] | None = None,
    key: str = "data.folders",
) -> Listing:
    """Return the images of each split with the label files of the same name, at any depth below their folders.

    An image without labels, and labels without an image, make an item all the same. Files of the label folder whose
    ending no pair has (a list of classes, say) are no labels.

    Args:
        root: Folder of the data set.
        folders: Folders of the images and of their labels of each split, below root; of the split "" where splits are
            to be made. They may be one folder, where a file holds both or names of label files end in something more.
            Empty: those of a usual layout.
        images: Endings of images.
        labels: Endings of label files.
        suffixes: What names of images and of label files end in beyond what they share.
        lists: Text files that name the images of each split, all of them in the folders of the split "". None: those
            of a usual layout.
        channels: What names of the files of an image's channels end in, the first one's first; empty: nnU-Net's
            numbers (_0000, _0001), where label files go without them. None: one file has all channels.
        key: The setting that names folders, for messages.

    Raises:
        InputError: A folder is missing or empty, no image has labels, files differ in their endings only, or a list
            names no image.
    """
    check_folder(root)
    key = key if folders else "data.root"
    for folder in chain(*folders.values()):
        check_folder(root / folder, key)
    if channels:
        suffixes = channels[0], suffixes[1]
    folders = folders or usual_folders(root, images, labels, suffixes)
    lists = lists or usual_lists(root, folders)
    found = {
        split: (_files(root, of_images, "images", images, key), _files(root, of_labels, "label files", labels, key))
        for split, (of_images, of_labels) in folders.items()
    }
    ends = _ends(folders, found, suffixes)
    pairs = {}
    for split, (pictures, maps) in found.items():
        pairs[split] = _pairs(folders[split], pictures, maps, ends, key)
        if not pairs[split]:
            of_images, of_labels = (root / folder for folder in folders[split])
            raise InputError(
                key,
                f"no image of {of_images} has labels in {of_labels}: they hold {pictures[0].name} and {maps[0].name}, "
                f"say; expected names that differ in their endings only ({_joined(labels)}), or in what "
                "data.label_suffix and data.image_suffix say",
            )
    splits = {split: list(of_split.values()) for split, of_split in pairs.items()}
    if lists:
        splits = by_lists(lists, pairs, folders, images, ends[0])
    if channels is not None:
        channels = channels or numbered_channels((file.stem for side, _ in found.values() for file in side), ends[0])
        splits = {split: [with_channels(item, channels, images) for item in items] for split, items in splits.items()}
    left_out = [*(f"{folder}/ (no label maps)" for folder in without_labels(root, folders)), *_unused(found, splits)]
    return Listing(splits, [_layout(folders, ends, lists, channels or ()), *(f"left out: {what}" for what in left_out)])


def read_pairs(file: Path, root: Path, columns: Mapping[str, str], channels: Sequence[str] | None = None) -> Listing:
    """Return the images of each split that a table names, see `read_rows`; of the split "" where it has no such column.

    Args:
        file: The table.
        root: Folder of the data set.
        columns: The table's own names for its columns.
        channels: Columns with the files of an image's channels; None or empty: one column has the image.

    Raises:
        InputError: An image is named twice, or the table is wrong or empty.
    """
    key = "data.table"
    places: dict[str, str] = {}
    splits: dict[str, list[Item]] = defaultdict(list)
    of_image = channels or ("image",)
    for place, row in read_rows(file, (*of_image, *COLUMNS[1:]), (*of_image, "labels"), columns, key):
        (name, *others), labels = (
            [name_below(row[column], root) for column in some] for some in (of_image, ["labels"])
        )
        item = Item(name, labels[0], row.get("group", ""), others=tuple(others))
        first = places.setdefault(item.name, place)
        if first != place:
            raise InputError(key, f"{place}: {item.name} stands at {first} already; expected one row an image")
        splits[row["split"]].append(item)
    if not splits:
        raise InputError(key, f"{file} names no images; expected one row an image below the header")
    return Listing(dict(splits))


def check_pair(root: Path, item: Item) -> None:
    """Raise a MediaError if the image or its labels are missing."""
    from ...media.errors import MediaError

    has_image, has_labels = ((root / name).exists() for name in (item.name, item.target))
    if not has_image:
        raise MediaError(f"no such image, but its labels {item.target}" if has_labels else "no such file")
    if not has_labels:
        raise MediaError(f"has no label file {item.target}")
    if missing := [name for name in item.others if not (root / name).exists()]:
        raise MediaError(f"lacks {', '.join(missing)}; expected one file a channel")


def _files(root: Path, folder: str, what: str, endings: Collection[str], key: str) -> list[_File]:
    """Return the files with certain endings below a folder, in order; there is one at least."""
    files = []
    below = volumes_below(root / folder) if FOLDER in endings else files_ending(root / folder, endings)
    for path in below:
        name = path.relative_to(root / folder).as_posix() + FOLDER * path.is_dir()
        stem = stem_of(name, endings) or name  # pictures may have no ending
        files.append(_File(stem, name[len(stem) :].lower(), Path(folder, name).as_posix()))
    if not files:
        raise InputError(key, f"no {what} in {root / folder} ({_joined(endings)}); found {inside(root / folder)}")
    return files


def _ends(folders: Folders, found: _Found, suffixes: Suffixes) -> tuple[str, str]:
    """Return what names of images and of label files end in, before the ending."""
    pictures, maps = ({file.stem for files in found.values() for file in files[side]} for side in (0, 1))
    mixed = all(of_images == of_labels for of_images, of_labels in folders.values())
    if mixed and suffixes[1] is None and all(file.ending == ".npz" for _, files in found.values() for file in files):
        return suffixes[0] or "", ""
    return find_suffixes(pictures, maps, suffixes, mixed=mixed) or ("", "")


def _pairs(
    folders: tuple[str, str], pictures: Sequence[_File], maps: Sequence[_File], ends: tuple[str, str], key: str
) -> dict[str, Item]:
    """Return the pairs of a split by what their names share; none where no image has labels."""
    if ends[1] and folders[0] == folders[1]:
        pictures = [file for file in pictures if not file.stem.endswith(ends[1])]
    pictures, maps = (
        [_File(file.stem.removesuffix(end), file.ending, file.name) for file in files if file.stem.endswith(end)]
        for files, end in zip((pictures, maps), ends, strict=True)
    )
    stems = {file.stem for file in pictures}
    endings = {file.ending for file in maps if file.stem in stems}
    if not endings:
        return {}
    maps = [file for file in maps if file.ending in endings]
    image, label = (
        _finder(folder, files, end, key) for folder, files, end in zip(folders, (pictures, maps), ends, strict=True)
    )
    return {stem: Item(image(stem), label(stem)) for stem in sorted(stems | {file.stem for file in maps})}


def _finder(folder: str, files: Sequence[_File], end: str, key: str) -> Callable[[str], str]:
    """Return what gives the path of a file by its stem; what is missing is looked for under the usual ending."""
    names: dict[str, str] = {}
    for file in files:
        first = names.setdefault(file.stem, file.name)
        if first != file.name:
            raise InputError(
                key,
                f"{first} and {file.name} differ in their endings only, so that it is open which one belongs to which "
                "file; keep one there, and images and labels in different folders",
            )
    ((ending, _),) = Counter(file.ending for file in files).most_common(1)
    return lambda stem: names.get(stem) or Path(folder, stem + end + ending).as_posix()


def _layout(folders: Folders, ends: tuple[str, str], lists: Mapping[str, Path], channels: Sequence[str]) -> str:
    """Return what was found, in words."""
    told = ", ".join(" and ".join(f"{one}/" for one in dict.fromkeys(both)) for both in folders.values())
    if len(channels) > 1:
        told += f"; a file a channel: {', '.join(channels)}"
    if any(ends):
        named = (f"{what} end in {end!r}" for what, end in zip(("images", "label files"), ends, strict=True) if end)
        told += f"; names of {' and of '.join(named)}"
    if lists:
        told += f"; splits by {', '.join(file.name for file in lists.values())}"
    elif "" in folders:
        told += "; dealt to the splits"
    return f"layout: {told}"


def _unused(found: _Found, splits: Mapping[str, Sequence[Item]]) -> Iterator[str]:
    """Yield which of the files found are in no item, in words; those of other endings than items have do not count."""
    used = {name for items in splits.values() for item in items for name in (item.name, *item.others, item.target)}
    files = {file.name: file.ending for of_split in found.values() for side in of_split for file in side}
    endings = {files[name] for name in used & set(files)}
    if left := sorted(name for name in set(files) - used if files[name] in endings):
        yield listed(left)


def _joined(endings: Collection[str]) -> str:
    return ".jpg, .png, .tif or the like" if frozenset(endings) >= IMAGES else ", ".join(sorted(endings))
