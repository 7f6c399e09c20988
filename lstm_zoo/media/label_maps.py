"""Label maps from files: the class of every pixel from pictures, text and NumPy files."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import IO

import numpy as np

from ..contracts.labels import VOID, Colour
from . import limits
from .apart import apart
from .endings import LABELS
from .errors import MediaError, check_file, content_of, reasons
from .label_pictures import LOSSY, Palettes, read_label_picture

_ROUNDED = 0.01  # how far a label may lie from a whole number
_PICTURES = (".png", ".bmp", ".gif", ".tif", ".tiff")


def read_labels(
    path: Path,
    numbers: Mapping[int, int],
    colours: Mapping[Colour, int] | None = None,
    palettes: Palettes | None = None,
) -> np.ndarray:
    """Read a label map.

    Pictures (PNG, BMP, TIFF, GIF) hold the numbers in grey or as numbers of a palette's colours, or the colours of the
    classes; text files numbers in rows, separated by blanks (Stanford Background's `.regions.txt`), and `.npy` files in
    an array (H, W).

    Args:
        path: The file; its ending tells what it is.
        numbers: What each number in the file stands for: a class, or VOID.
        colours: What each colour stands for; where there are any, colours are read instead of numbers.
        palettes: Those of the maps before; None: they may differ.

    Returns:
        The labels (H, W), uint8.

    Raises:
        MediaError: The file cannot be read, is no label map, holds a number or a colour that stands for nothing, or has
            another palette than those before; rows and columns are counted from 0.
    """
    if path.suffix.lower() in _PICTURES:
        picture = read_label_picture(path)
        if colours:
            return _from_colours(picture.colours(), colours)
        if picture.values.ndim == 3:
            raise MediaError(
                f"holds colours, expected one number a pixel: its first is {tuple(picture.values[0, 0].tolist())}; "
                "give the colour of each class in the list that data.classes names (name: [red, green, blue])"
            )
        if palettes:
            palettes.check(picture, f"{path.parent.name}/{path.name}")
        return renumber(picture.values, numbers)
    if colours:
        raise MediaError("holds numbers, but the list of classes gives colours; give the number of each class there")
    return renumber(_stored_numbers(path), numbers)


def numbers_in(path: Path) -> frozenset[int]:
    """Return the different numbers in a label map; none where it holds colours.

    Raises:
        MediaError: The file cannot be read, or is no label map.
    """
    values = read_label_picture(path).values if path.suffix.lower() in _PICTURES else _stored_numbers(path)
    return frozenset(np.unique(values).tolist() if values.ndim == 2 else ())


@apart
def _stored_numbers(path: Path) -> np.ndarray:
    """Return the numbers (H, W) in a text or NumPy file."""
    ending = path.suffix.lower()
    if ending in (".jpg", ".jpeg"):
        raise MediaError(LOSSY)
    readers = {".txt": _from_text, ".npy": read_array}
    if ending not in readers:
        raise MediaError(f"is no label file that can be read; expected one that ends in {', '.join(LABELS)}")
    labels = readers[ending](path)
    if labels.ndim != 2 or not labels.size:
        raise MediaError(f"holds an array of the shape {labels.shape}, expected (height, width)")
    return labels


def _from_colours(pixels: np.ndarray, colours: Mapping[Colour, int]) -> np.ndarray:
    """Return the classes of colours (H, W, 3)."""
    numbers = {_packed(np.array(colour)).item(): label for colour, label in colours.items()}
    packed = _packed(pixels)
    unknown = ~np.isin(packed, list(numbers))
    if unknown.any():
        row, column = np.argwhere(unknown)[0]
        kinds = len(np.unique(packed[unknown]))
        many = (
            f"; {kinds} colours of it are none of the list's: labels that were scaled with interpolation, or stored "
            "with loss, look so; make them anew by the nearest neighbour"
        )
        raise MediaError(
            f"holds the colour {tuple(pixels[row, column].tolist())} at row {row}, column {column}, which is that of "
            f"no class{many if kinds > len(numbers) else '; mend the file, or name it in the list of classes'}"
        )
    return renumber(packed, numbers)


def _packed(colours: np.ndarray) -> np.ndarray:
    """Return colours (..., 3) as one number each."""
    return colours.astype(np.int32) @ np.array([1 << 16, 1 << 8, 1], np.int32)


def renumber(labels: np.ndarray, numbers: Mapping[int, int]) -> np.ndarray:
    """Turn a label map's own numbers into classes and VOID.

    Args:
        labels: Numbers (H, W) of any type.
        numbers: What each number stands for.

    Returns:
        The labels (H, W), uint8.

    Raises:
        MediaError: A number stands for nothing.
    """
    labels = _whole(labels)
    listed = np.array(sorted(numbers))
    places = np.searchsorted(listed, labels).clip(max=len(listed) - 1)
    unknown = listed[places] != labels
    if unknown.any():
        raise MediaError(f"{_first(labels, unknown)}; {_mending(np.unique(labels).tolist(), numbers)}")
    return np.array([numbers[number] for number in listed.tolist()], np.uint8)[places]


def _whole(labels: np.ndarray) -> np.ndarray:
    """Return labels as whole numbers: files that hold real numbers, or a scale beside them, round a little."""
    if labels.dtype.kind not in "buif":
        raise MediaError(f"holds values of the type {labels.dtype}, expected whole numbers")
    if labels.dtype.kind == "b":
        return labels.astype(np.uint8)
    if labels.dtype.kind in "ui":
        return labels
    nearest = np.rint(labels)
    with np.errstate(invalid="ignore"):
        between = ~(abs(labels - nearest) <= _ROUNDED)  # so are NaN and infinity
    if between.any():
        raise MediaError(
            f"{_first(labels, between)}, which is no whole number: labels were interpolated (resampled, turned or "
            "smoothed), or these are none; make them anew by the nearest neighbour"
        )
    return nearest.astype(np.int64)


def _first(labels: np.ndarray, wrong: np.ndarray) -> str:
    """Return the first of the labels that are wrong, with its place, in words."""
    row, column = np.argwhere(wrong)[0]
    others = int(np.count_nonzero(wrong)) - 1
    more = f" (and {others} more pixel{'s' * (others > 1)})" if others else ""
    return f"holds the label {labels[row, column].item()} at row {row}, column {column}{more}"


def check_sizes(image: tuple[int, ...], labels: tuple[int, ...]) -> None:
    """Refuse labels that do not cover their image pixel by pixel.

    Args:
        image: Height and width of the image, or planes, height and width of a volume.
        labels: The same of its labels.

    Raises:
        MediaError: They differ.
    """
    if image == labels:
        return
    turned = len(image) == 2 and image == labels[::-1]
    mend = (
        "one of them is turned by a quarter (an image may be so by its EXIF orientation): turn it back"
        if turned
        else "expected one label a pixel: scale the labels to the image's size, without interpolation"
    )
    pixels = "pixels" if len(image) == 2 else "voxels"
    size, of_labels = (" x ".join(map(str, sides[::-1])) for sides in (image, labels))  # as people write: width first
    raise MediaError(f"is {size} {pixels}, its labels are {of_labels}; {mend}")


def read_array(path: Path) -> np.ndarray:
    """Read the array of a `.npy` file, or raise a MediaError."""
    check_file(path)
    with path.open("rb") as file:
        return read_array_in(file)


def read_array_in(file: IO[bytes]) -> np.ndarray:
    """Read an array as `.npy` files hold it, or raise a MediaError."""
    reader = np.lib.format
    with reasons("is no array that NumPy can read: ", Exception):  # of many kinds, where the header is damaged
        version = reader.read_magic(file)
        read_header = reader.read_array_header_1_0 if version == (1, 0) else reader.read_array_header_2_0
        shape, _, kind = read_header(file)
        file.seek(0)
    limits.check_array(math.prod(shape) * kind.itemsize)
    with reasons("is no array that NumPy can read: "):
        array = reader.read_array(file, allow_pickle=False)
        check_end(bool(file.read(1)))
    return array


def check_end(goes_on: bool) -> None:
    """Refuse a file that goes on behind the values that its header tells: nothing says what the rest is."""
    if goes_on:
        raise MediaError("it holds more than the values that its header tells; store it anew")


def _from_text(path: Path) -> np.ndarray:
    """Return the numbers of a text file, a row a line."""
    try:
        lines = content_of(path).decode("utf-8-sig").rstrip().splitlines()
    except UnicodeDecodeError:
        raise MediaError("is not text; expected rows of whole numbers") from None
    rows: list[np.ndarray] = []
    for line, text in enumerate(lines, 1):
        try:
            rows.append(np.array([int(number) for number in text.split()], np.int64))
        except (ValueError, OverflowError):
            raise MediaError(
                f"line {line}: expected whole numbers, separated by blanks, got {text[:40].strip()!r}"
            ) from None
        if len(rows[-1]) != len(rows[0]):
            raise MediaError(
                f"line {line} holds {len(rows[-1])} numbers, line 1 holds {len(rows[0])}; expected as many in each"
            )
    return np.stack(rows) if rows else np.zeros((0, 0), np.int64)


def _mending(found: Sequence[int], numbers: Mapping[int, int]) -> str:
    """Return which numbers stand for something, and how to mend a map that holds others."""
    known = [number for number, label in numbers.items() if label != VOID]
    classes, void = _ranges(known), _ranges(set(numbers) - set(known))
    others = [number for number in found if number not in numbers]
    expected = f"the classes are {classes}" + f", void {void}" * bool(void)
    between = all(min(known) < number < max(known) for number in others)
    scattered = len(others) > 2 and found[-1] > 2 * len(found)
    if len(known) == 2 and len(others) > 1 and (between or scattered):
        return (
            f"{expected}, but it holds {len(found)} different numbers from {found[0]} to {found[-1]}, as masks do that "
            "were scaled with interpolation, or stored with loss: make them anew by the nearest neighbour"
        )
    own = "give each class its number in the list that data.classes names (name: number)"
    if len(known) == 2 and len(others) == 1 and len(set(known) & set(found)) < 2:
        return f"{expected}: if {others[0]} stands for the other class, {own}"
    if void:
        return f"{expected}: mend the file, or {own}"
    return f"{expected}: mend the file, {own}, or set data.void to {others[0]} if this number stands for no class"


def _ranges(numbers: Iterable[int]) -> str:
    """Return numbers in words: `0 to 4, 6`."""
    by_run = groupby(enumerate(sorted(numbers)), key=lambda place: place[1] - place[0])
    runs = [[number for _, number in run] for _, run in by_run]
    return ", ".join(f"{run[0]} to {run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)
