"""Small files of every kind that pages name: films, pictures, label maps, volumes, lines of text and tables of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np
from made_tables import FILMS, WORDS, table_of, text_of
from PIL import Image

from lstm_zoo.data.lines.line_drawing import draw_line

_SIDE = (48, 64)  # height and width of pictures and films
_LABELS = ("annot/", "labels/", "labelsTr/", "drawn/", "SegmentationClass/", "gtFine/")
_PAGE = (120, 320)


def make_file(folder: Path, name: str, names: Sequence[str], number: int) -> None:
    """Make a file of a folder.

    Args:
        folder: The folder.
        name: The file's path below it.
        names: The paths of all files of the folder, which tables tell of.
        number: What makes this file differ from others.
    """
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    if (text := table_of(folder.name, name, names)) is not None:
        file.write_text(text, encoding="utf-8")
    elif file.suffix in FILMS:
        write_film(file, number)
    elif file.name == "mnist.npz":
        random = np.random.default_rng(number)
        np.savez(file, x_train=_digits(60, random), x_test=_digits(20, random))
    elif name.endswith((".npy", ".nii.gz")):
        _write_volume(file, _is_labels(name) or "_seg." in name, number)
    elif "_gt/" in name:
        Image.fromarray(np.pad(np.full((8, 8), 255, np.uint8), ((0, 40), (0, 56)))).save(file)
    elif _is_labels(name) or file.stem.endswith("_mask"):
        Image.fromarray(_labels(number)).save(file)
    elif file.with_suffix(".xml").name in {Path(one).name for one in names} or folder.name == "rimes":
        write_page(file, number)
    elif text := text_of(folder.name, name, names):
        write_line(file, text, number)
    else:
        write_picture(file, number)


def write_film(file: Path, number: int = 0, seconds: float = 3.0) -> None:
    """Write a film of a bright square that moves over noise."""
    random = np.random.default_rng(number)
    ground = random.integers(0, 120, (*_SIDE, 3), np.uint8)
    kind, codec = ("webm", "libvpx") if file.suffix == ".webm" else (None, "mpeg4")
    with av.open(str(file), "w", format=kind) as container:
        stream = container.add_stream(codec, rate=8)
        stream.height, stream.width = _SIDE
        stream.pix_fmt = "yuv420p"
        for step in range(int(8 * seconds)):
            frame = ground.copy()
            left = (2 * step + 5 * number) % 48
            frame[16:32, left : left + 16] = 200 + number % 50
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())


def write_picture(file: Path, number: int = 0) -> None:
    """Write a picture whose parts are those of its label map."""
    noise = np.random.default_rng(number).integers(0, 40, (*_SIDE, 3))
    Image.fromarray((80 * _labels(number)[..., None] + noise).astype(np.uint8)).save(file)


def write_line(file: Path, text: str, number: int = 0) -> None:
    """Write a picture of a line of text."""
    Image.fromarray(draw_line(text, np.random.default_rng(number), 48)).save(file)


def write_page(file: Path, number: int = 0) -> None:
    """Write a picture of a page with two lines, each in the half of it that `made_tables` says."""
    page = np.full(_PAGE, 255, np.uint8)
    for half in range(2):
        line = draw_line(WORDS[(number + half) % len(WORDS)], np.random.default_rng(number), 48)[:, : _PAGE[1]]
        page[60 * half : 60 * half + line.shape[0], : line.shape[1]] = line
    Image.fromarray(page).save(file)


def _is_labels(name: str) -> bool:
    return any(part in name for part in _LABELS)


def _labels(number: int) -> np.ndarray:
    y, x = np.indices(_SIDE)
    return ((y // 16 + x // 16 + number) % 3).astype(np.uint8)


def _write_volume(file: Path, labels: bool, number: int) -> None:
    z, y, x = np.indices((8, 16, 16))
    array = ((z // 4 + y // 8 + x // 8 + number) % 3).astype(np.uint8)
    if not labels:
        array = 80 * array + np.random.default_rng(number).integers(0, 40, array.shape).astype(np.uint8)
    if file.suffix == ".npy":
        np.save(file, array)
        return
    import nibabel

    nibabel.save(nibabel.Nifti1Image(array.T, np.eye(4)), file)


def _digits(count: int, random: np.random.Generator) -> np.ndarray:
    digits = np.zeros((count, 28, 28), np.uint8)
    digits[:, 8:20, 8:20] = random.integers(100, 256, (count, 12, 12))
    return digits
