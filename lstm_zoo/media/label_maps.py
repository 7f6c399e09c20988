"""Label maps from files: the class of every pixel from PNG, text and NumPy files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import groupby
from pathlib import Path

import numpy as np

from ..contracts.labels import VOID
from .endings import LABELS
from .errors import MediaError, check_file, content_of, reasons
from .images import decoded

_ROUNDED = 0.01  # how far a label may lie from a whole number
_LOSSY = "is JPEG, which changes the numbers of the classes; expected PNG: make the labels anew from their source"


def read_labels(path: Path, numbers: Mapping[int, int]) -> np.ndarray:
    """Read a label map.

    PNG files hold the numbers in grey (of any depth up to 16 bits) or as numbers of a palette's colours, text files in
    rows, separated by blanks (Stanford Background's `.regions.txt`), and `.npy` files in an array (H, W).

    Args:
        path: The file; its ending tells what it is.
        numbers: What each number in the file stands for: a class, or VOID.

    Returns:
        The labels (H, W), uint8.

    Raises:
        MediaError: The file cannot be read, is no label map, or holds a number that stands for nothing; rows and
            columns are counted from 0.
    """
    ending = path.suffix.lower()
    if ending in (".jpg", ".jpeg"):
        raise MediaError(_LOSSY)
    readers = {".png": _from_png, ".txt": _from_text, ".npy": read_array}
    if ending not in readers:
        raise MediaError(f"is no label file that can be read; expected one that ends in {', '.join(LABELS)}")
    labels = readers[ending](path)
    if labels.ndim != 2 or not labels.size:
        raise MediaError(f"holds an array of the shape {labels.shape}, expected (height, width)")
    return renumber(labels, numbers)


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
        found = labels[unknown][0].item()
        raise MediaError(f"{_first(labels, unknown)}; {_expected(found, numbers)}")
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
    with reasons("is no array that NumPy can read: "), path.open("rb") as file:
        return np.lib.format.read_array(file, allow_pickle=False)


def _from_png(path: Path) -> np.ndarray:
    """Return the numbers that a PNG stores: grey values, or numbers of its palette's colours."""
    with decoded(path) as (content, image):
        kind, mode, corner = image.format, image.mode, image.getpixel((0, 0))
        stored = np.asarray(image)
    if kind == "JPEG":
        raise MediaError(_LOSSY)
    if kind != "PNG":
        raise MediaError(f"is a {kind} file by its content, expected PNG")
    if mode == "LA":
        raise MediaError("holds opacity beside grey (LA), expected one number a pixel: store the grey alone")
    if mode in ("RGB", "RGBA"):
        raise MediaError(
            f"holds colours ({mode}), expected one number a pixel: its first is {corner}; turn each colour into the "
            "number of its class, and store these in a grey PNG, or as the colours' numbers in one with a palette"
        )
    depth = content[24]  # in the header, which always comes first
    return stored // {2: 85, 4: 17}[depth] if mode == "L" and depth < 8 else stored  # Pillow stretched it to 0..255


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


def _expected(found: float, numbers: Mapping[int, int]) -> str:
    """Return which numbers stand for something, and how to mend a map that holds another."""
    classes = _ranges(number for number, label in numbers.items() if label != VOID)
    if void := _ranges(number for number, label in numbers.items() if label == VOID):
        return f"the classes are {classes}, void {void}: mend the file, or the list that data.classes names"
    return (
        f"the classes are {classes}: mend the file, or set data.void to {found} if this number stands for no class, or "
        "name all classes in data.classes"
    )


def _ranges(numbers: Iterable[int]) -> str:
    """Return numbers in words: `0 to 4, 6`."""
    by_run = groupby(enumerate(sorted(numbers)), key=lambda place: place[1] - place[0])
    runs = [[number for _, number in run] for _, run in by_run]
    return ", ".join(f"{run[0]} to {run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)
