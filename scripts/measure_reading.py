"""Measures preparing and reading clips against PyAV's bare decoding and an OpenCV loop, alternating, in one run.

Usage: python scripts/measure_reading.py FOLDER [--clips 60] [--rounds 3]

FOLDER holds one folder a class with videos. Needs the `bench` extra (OpenCV). Prints medians and ratios.
"""

import argparse
import functools
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import av
import cv2
import numpy as np

from lstm_zoo.data.clips import ClipConfig
from lstm_zoo.data.listing import list_videos
from lstm_zoo.data.prepare import Clip, ClipBuilder, ClipSource
from lstm_zoo.data.reading import ClipSplits
from lstm_zoo.media import read_video

SHORT_SIDE, SIZE, FRAMES = 128, 112, 16
BATCH, PASSES = 8, 20
CORES = os.cpu_count() or 1


def decode_only(files: list[Path]) -> None:
    """Decode all frames by PyAV, one decoder a thread, and convert nothing."""

    def decode(file: Path) -> int:
        with av.open(str(file)) as container:
            stream = container.streams.video[0]
            stream.codec_context.thread_count = 1
            return sum(1 for _ in container.decode(stream))

    with ThreadPoolExecutor(CORES) as pool:
        list(pool.map(decode, files))


def prepare(root: Path, names: list[str]) -> ClipSplits:
    """Prepare the clips into a new folder (all frames), as `lstmzoo data prepare` does."""
    source = ClipSource(
        name="clips",
        class_names=("any",),
        splits={"train": [Clip(name, "any") for name in names]},
        read=lambda clip: read_video(root / clip.name, SHORT_SIDE),
    )
    builder = ClipBuilder("measured", source, Path(tempfile.mkdtemp()))
    builder.prepare()
    return ClipSplits.of_builder(builder, ClipConfig(num_frames=FRAMES, size=SIZE))


def start_reading(splits: ClipSplits) -> Iterator:
    """Start the stream of a training and wait for its first batch."""
    batches = iter(splits.train_stream(BATCH, seed=0))
    next(batches)
    return batches


def read(batches: Iterator, num_clips: int) -> None:
    """Read the prepared clips several times over, as a training without a model would."""
    for _ in range(PASSES * -(-num_clips // BATCH)):
        next(batches)


def opencv_loop(files: list[Path], resized: tuple[int, int] | None) -> None:
    """Read every frame of each file with OpenCV, scale and recolour it, and keep 16 (or JPEGs of all)."""
    for file in files:
        capture = cv2.VideoCapture(str(file))
        frames = []
        while True:
            ok, frame = capture.read()
            if not ok:
                break
            height, width = frame.shape[:2]
            scale = SHORT_SIDE / min(height, width)
            size = resized or (round(width * scale), round(height * scale))
            frame = cv2.cvtColor(cv2.resize(frame, size), cv2.COLOR_BGR2RGB)
            frames.append(frame if resized else cv2.imencode(".jpg", frame)[1])
        capture.release()
        if resized:
            np.stack([frames[index] for index in np.linspace(0, len(frames) - 1, FRAMES).astype(int)])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--clips", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    clips = list_videos(arguments.folder.absolute())
    chosen = clips[:: max(1, len(clips) // arguments.clips)][: arguments.clips]
    files = [arguments.folder.absolute() / clip.name for clip in chosen]
    times: dict[str, list[float]] = {}

    def clock(name: str, work: Callable[[], Any], share: float = 1.0) -> Any:
        started = time.perf_counter()
        result = work()
        times.setdefault(name, []).append((time.perf_counter() - started) * share)
        return result

    for _ in range(arguments.rounds):
        clock("decode only (PyAV)", lambda: decode_only(files))
        splits = clock("prepare (ours)", lambda: prepare(arguments.folder.absolute(), [clip.name for clip in chosen]))
        clock("prepare (OpenCV loop)", lambda: opencv_loop(files, None))
        clock("read (OpenCV loop)", lambda: opencv_loop(files, (SIZE, SIZE)))
        batches = clock("first batch (ours)", functools.partial(start_reading, splits))
        clock("read prepared (ours)", functools.partial(read, batches, len(files)), share=1 / PASSES)
    median = {name: statistics.median(values) for name, values in times.items()}
    print(f"{len(files)} clips, {CORES} cores, median of {arguments.rounds} rounds")
    print(f"  a reader's first batch takes {median.pop('first batch (ours)'):.1f} s")
    for name, seconds in median.items():
        print(f"  {name:24} {len(files) / seconds:8.1f} clips/s")
    print(f"  prepare, of bare decoding      {median['decode only (PyAV)'] / median['prepare (ours)']:.2f}")
    print(f"  prepare, against OpenCV        {median['prepare (OpenCV loop)'] / median['prepare (ours)']:.1f} x")
    print(f"  read prepared, against OpenCV  {median['read (OpenCV loop)'] / median['read prepared (ours)']:.0f} x")


if __name__ == "__main__":
    main()
