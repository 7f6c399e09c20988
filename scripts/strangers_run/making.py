"""What strangers send: media, tables and runs, small and as right as harm allows."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import av
import h5py
import numpy as np
import yaml
from PIL import Image
from trying import CACHE, MARK, RUN, Step, _run

NAMES = (
    f"x[bold]{MARK}",
    "x[/x]",
    f"<script>{MARK}</script>",
    f"<img src=x onerror={MARK}>",
    f"\x1b[2J\x1bc{MARK}\x07\x9b9d\x08",
    f"x\n{MARK}\r{MARK}",
    f"\u202e{MARK}\u2066\u200b",
    f"={MARK}()+:smile:",
    "caf\udce9",
)
"""Of classes and files: rich's markup and HTML's, escape codes, ends of lines, turned writing, formulas, no UTF-8."""


def write_video(file: Path, shade: int = 0, frames: int = 6) -> None:
    """Write a film of some frames."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("wb") as target, av.open(target, "w", format="avi") as container:
        stream = container.add_stream("mpeg4", rate=8)
        stream.width, stream.height, stream.pix_fmt = 32, 24, "yuv420p"
        for number in range(frames):
            picture = np.full((24, 32, 3), 40 + 180 * number // frames, np.uint8)
            picture[:, :16, 0] = shade
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())


def write_picture(file: Path, number: int = 0) -> None:
    """Write a picture."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("wb") as target:
        Image.fromarray(np.full((24, 32, 3), 20 * number, np.uint8)).save(target, "png")


def write_table(file: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a CSV table."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", newline="", encoding="utf-8", errors="surrogateescape") as target:
        csv.writer(target).writerows([header, *rows])


def clips(home: Path, names: Sequence[str] = ("walk", "run")) -> Path:
    """Make a folder of clips, a folder a class, six of each."""
    root = home / "videos"
    for shade, name in enumerate(names):
        for number in range(6):
            write_video(root / name / f"{number}.avi", 255 * (6 * shade + number) // (6 * len(names)))
    return root


def pictures(home: Path, captions: Mapping[str, str], count: int = 8) -> Path:
    """Make a folder of pictures with a table of captions; `captions` are further rows of it."""
    root = home / "pictures"
    for number in range(count):
        write_picture(root / f"{number}.png", number)
    rows = {f"{number}.png": "a dog runs" for number in range(count)} | captions
    write_table(root / "captions.csv", ("image", "caption"), rows.items())
    return root


def on_clips(command: str, *settings: str) -> list[str]:
    """Return the words of a command, such as `data check`, on the folder of clips."""
    return with_settings([*command.split(), "--config", "smoke/video_folder.yaml"], settings)


def on_pictures(*settings: str) -> list[str]:
    """Return the words of `data check` on the folder of pictures."""
    data = "data={kind: captioned_folder, root: pictures, image: {size: 32}, captions: {max_words: 16, min_count: 1}}"
    return with_settings(["data", "check", "--config", "smoke/show_tell.yaml"], [data, *settings])


def with_settings(words: Sequence[str], settings: Iterable[str]) -> list[str]:
    """Return words of a command with settings behind them."""
    return [*words, *(word for setting in settings for word in ("--set", setting))]


TRAIN = ("train", "--config", "smoke/cnn_lstm.yaml", "--set", "train.epochs=1", "--run-dir", RUN)


def a_run(home: Path) -> Path:
    """Return a copy of a run of moving shapes, trained at the first call, with its prepared data."""
    base = home.parent / "base"
    if not base.is_dir():
        base.mkdir()
        ended = _run(Step(TRAIN), base)
        assert ended.status == 0, ended.said
    for name in (RUN, CACHE):
        shutil.copytree(base / name, home / name)
    return home / RUN


def change_recipe(file: Path, section: str, **changes: Any) -> None:
    """Change a section of a recipe."""
    recipe = yaml.safe_load(file.read_text())
    recipe[section] |= changes
    file.write_text(yaml.safe_dump(recipe))


def in_weights(run: Path, change: Callable[[h5py.Group, str], object]) -> None:
    """Change the first array of a run's weights, as a stranger would: without the hash of those before."""
    (run / "best.weights.sha256").unlink()
    with h5py.File(run / "best.weights.h5", "a") as opened:
        found: list[str] = []
        opened.visititems(lambda name, one: found.append(name) if isinstance(one, h5py.Dataset) else None)
        group, name = opened[found[0]].parent, found[0].rpartition("/")[2]
        del group[name]
        change(group, name)
