#!/usr/bin/env python
"""Runs every command of every page, on small data that are made here; what takes long is run in a shorter form.

Usage: python scripts/try_readmes [--only WORDS ...] [--pages PAGE ...] [--keep FOLDER]
Each page has a folder of its own with films, pictures, lines and tables as the pages name them; a folder that a page
draws as a tree is made as it is drawn. Commands run one after the other, as a user would type them. Trainings run for
one epoch on few examples, by further --set (`steps.py` says which). Prints command, seconds and status, and the command
as it was run where that differs, and of those that are not run (`steps.py`) why; exits with 1 if one failed. The hub
is one of this machine.

Commands are forks of a Python that has imported TensorFlow: a new process takes six seconds more.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, NoReturn

from drawn_trees import make_tree, root_of
from made_files import write_film, write_line, write_picture
from made_tables import table_of
from readme_pages import ROOT, blocks, name_of, pages, steps_of
from rich.console import Console
from steps import small, why_not

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"  # before TensorFlow is imported, as the command does
sys.path.insert(0, str(ROOT / "tests"))
from loopback_hub import loopback_hub
from warm_python import warm_python

LIMIT = 900  # seconds a command
ALIKE = {"camvid": "my_images", "new_book": "my_lines", "new_videos": "my_videos", "page": "my_pages"}
LSTMZOO = """#!/bin/sh
case "$KERAS_BACKEND $*" in *jax*) exec {python} -m lstm_zoo "$@";; esac  # a fork has its parent's Keras
exec {warm} -m lstm_zoo "$@"
"""
FFMPEG = """#!{python}
import sys, av
with av.open(sys.argv[2]) as film, av.open(sys.stdout.buffer, "w", format="matroska") as out:
    stream = out.add_stream_from_template(film.streams.video[0])
    for packet in film.demux(video=0):
        if packet.dts is not None:
            packet.stream = stream
            out.mux(packet)
"""


class Outcome(NamedTuple):
    """What came of a line."""

    line: str
    ran: str
    """As it was run; empty: it was not."""
    seconds: float
    status: int
    said: str


def main() -> int:
    """Run the lines that are asked for, and print what came of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", metavar="WORDS", default=[""], help="lines in which these stand")
    parser.add_argument("--pages", nargs="+", metavar="PAGE", help="such as README.md, in this order; all by default")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep what is made in this new folder")
    options = parser.parse_args()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    console, failed, count, started = Console(soft_wrap=True, highlight=False), 0, 0, time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        place = (options.keep or Path(scratch)).absolute()
        make_samples(place / "samples")
        with warm_python(Path(scratch)) as warm, loopback_hub() as hub:
            environment = environment_of(place, warm, hub.url)
            for name in options.pages or map(name_of, pages()):
                for one in tried(name, place / name.replace("/", "-"), environment, options.only):
                    count, failed = count + 1, failed + bool(one.status)
                    _show(console, name, one)
    seconds = time.monotonic() - started
    console.print(f"{count} commands, {failed} failed, {seconds:.0f} s")
    return int(failed > 0)


def _stop(number: int, _) -> NoReturn:
    """End, and say why: what is running is killed on the way."""
    print(f"try_readmes: ended by {signal.Signals(number).name}", flush=True)
    sys.exit(128 + number)


def _show(console: Console, page: str, one: Outcome) -> None:
    told = "not run" if not one.ran else "ok" if one.status == 0 else f"FAILED ({one.status})"
    console.print(f"{page} | {one.line} | {one.seconds:.0f} s | {told}", markup=False)
    if one.ran not in ("", one.line):
        console.print(f"    run as: {one.ran}", markup=False)
    if not one.ran or one.status:
        console.print(f"    {one.said}", markup=False)
    console.file.flush()


def tried(page: str, folder: Path, environment: dict[str, str], only: list[str]) -> Iterator[Outcome]:
    """Yield what came of each line of a page, in the order of the page."""
    made = False
    for step in steps_of((ROOT / page).read_text(encoding="utf-8")):
        if step.kind == "line" and not any(words in step.text for words in only):
            continue
        if not made:
            shutil.copytree(folder.with_name("samples"), folder, symlinks=True)
            made = True
        if step.kind == "tree":
            make_tree(step.text, folder)
        elif step.kind == "file":
            (folder / step.name).write_text(step.text, encoding="utf-8")
        elif reason := why_not(step):
            yield Outcome(step.text, "", 0.0, 0, reason)
        else:
            yield run(step.text, folder, environment)


def run(line: str, folder: Path, environment: dict[str, str]) -> Outcome:
    """Run a line in a shell, and wait for it."""
    ran, started = small(line, folder), time.monotonic()
    with tempfile.TemporaryFile("w+", errors="replace") as answer:
        shell = subprocess.Popen(
            ["bash", "-o", "pipefail", "-c", ran],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=answer,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            status = shell.wait(LIMIT)
        except BaseException as stop:
            os.killpg(shell.pid, signal.SIGKILL)
            if not isinstance(stop, subprocess.TimeoutExpired):
                raise
            status = 124
        answer.seek(0)
        said = answer.read().strip()
    return Outcome(line, ran, time.monotonic() - started, status, said[-1500:])


def environment_of(place: Path, warm: Path, hub: str) -> dict[str, str]:
    """Return variables for the commands: this package's command first on the path, a hub, and caches of their own."""
    programs = place / "bin"
    programs.mkdir(parents=True, exist_ok=True)
    texts = {"lstmzoo": LSTMZOO.format(python=sys.executable, warm=warm)}
    if not shutil.which("ffmpeg"):
        texts["ffmpeg"] = FFMPEG.format(python=sys.executable)
    for name, text in texts.items():
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    return os.environ | {
        "PATH": f"{programs}:{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "TFDS_DATA_DIR": str(place / "prepared"),
        "XDG_CACHE_HOME": str(place / "cache"),
        "HF_ENDPOINT": hub,
        "HF_HOME": str(place / "hub"),
        "HF_TOKEN": "hf_any",
        "HF_HUB_DISABLE_XET": "1",
        "COLUMNS": "120",
    }


def make_samples(folder: Path) -> None:
    """Make what pages name: folders as the page of layouts draws them first, and single files."""
    folder.mkdir(parents=True)
    trees: dict[str, str] = {}
    for block in blocks((ROOT / "lstm_zoo" / "data" / "README.md").read_text(encoding="utf-8")):
        if root := root_of(block.text):
            trees.setdefault(root, block.text)
    for other, root in ALIKE.items():
        trees[other] = trees[root].replace(f"{root}/", f"{other}/", 1)
    for tree in trees.values():
        make_tree(tree, folder)
    lines = folder / "my_lines"
    names = sorted(file.name for file in lines.iterdir())
    (lines / "lines.csv").write_text(table_of("my_lines", "lines.csv", names) or "")
    write_film(folder / "clip.mp4", 3)
    write_film(folder / "film.mp4", 4, seconds=6.0)
    for name in ("photo.jpg", "photo.png"):
        write_picture(folder / name)
    write_line(folder / "line.png", "some words")
    for file in ("0001.xml", "0001.png"):
        shutil.copy(folder / "page" / file, folder / f"page{Path(file).suffix}")
    shutil.copy(folder / "page" / "0001.png", folder / "0001.png")  # as the XML names it
    for name in ("scripts", "configs"):
        (folder / name).symlink_to(ROOT / name)


if __name__ == "__main__":
    sys.exit(main())
