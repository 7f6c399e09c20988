"""Preparation: videos become TFRecord shards of JPEG frames, once, by a TFDS builder."""

from __future__ import annotations

import csv
import hashlib
import io
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from ..contracts import BadFile, InputError
from ..media import EncodedVideo, MediaError
from ..network import first_line
from ..progress import ProgressBar
from .listing import Clip

BAD_FILES = "bad_files.csv"
_CLIPS = "clips.csv"
_CLIP_COLUMNS = ("split", "name", "label", "group", "seconds")
_LAYOUT = "2"  # raise it when the stored features change: older preparations are then made anew


@dataclass(kw_only=True, eq=False)
class ClipSource(tfds.core.BuilderConfig):
    """Everything preparation needs to know of a data set; its `name` is the folder of the prepared data."""

    class_names: Sequence[str] = ()
    """Classes in the order of the label numbers."""
    splits: dict[str, list[Clip]] = field(default_factory=dict, repr=False)
    """The clips of each split."""
    read: Callable[[Clip], EncodedVideo] | None = field(default=None, repr=False)
    """Gives the frames of a clip; called in several threads."""
    min_frames: int = 1
    """A video with fewer frames is a bad file."""
    on_bad_file: str = "stop"
    """`stop`: bad files are an error; `skip`: they are left out and counted."""

    def read_whole(self, clip: Clip) -> EncodedVideo:
        """Return the frames of a clip, or raise a MediaError if they are too few."""
        assert self.read is not None
        video = self.read(clip)
        if len(video.frames) < self.min_frames:
            raise MediaError(f"has {len(video.frames)} frames; needed: {self.min_frames}")
        return video

    def find_bad_files(self) -> list[BadFile]:
        """Read every clip, keep nothing, and return those that cannot be used."""
        bad = []
        progress = ProgressBar("Reading", sum(map(len, self.splits.values())), unit="clips")
        for split, clips in self.splits.items():
            for clip, future in in_threads(self.read_whole, clips):
                progress.advance()
                if isinstance(error := future.exception(), MediaError):
                    bad.append(BadFile(split, clip.name, str(error)))
                elif error:
                    raise error
        progress.close()
        return bad


def fingerprint(*parts: Any) -> str:
    """Return 12 hexadecimal digits that change whenever one of the parts does."""
    return hashlib.sha256("\x1f".join(map(str, (_LAYOUT, *parts))).encode()).hexdigest()[:12]


class ClipBuilder(tfds.core.GeneratorBasedBuilder, skip_registration=True):
    """Writes the clips of a `ClipSource`: JPEG frames, label, name and group, and a table of them."""

    VERSION = tfds.core.Version("1.0.0")
    builder_config: ClipSource

    def __init__(self, dataset: str, source: ClipSource, data_dir: Path | None = None):
        self.name = dataset
        super().__init__(data_dir=data_dir, config=source)

    def _info(self) -> tfds.core.DatasetInfo:
        features = tfds.features.FeaturesDict(
            {
                "video": tfds.features.Video(shape=(None, None, None, 3), encoding_format="jpeg"),
                "label": tfds.features.ClassLabel(names=list(self.builder_config.class_names)),
                "name": tfds.features.Text(),
                "group": tfds.features.Text(),
            }
        )
        return tfds.core.DatasetInfo(builder=self, features=features, disable_shuffling=True)

    def prepare(self) -> None:
        """Write the shards if they do not exist yet, and judge the bad files.

        The readable clips are kept whatever the bad ones are, so that nothing is decoded twice once the user has
        decided about them.

        Raises:
            InputError: There are bad files and `on_bad_file` is `stop`; or a split has no others, and nothing is kept;
                or the folder for prepared data cannot be written.
        """
        if not any(self.builder_config.splits.values()):
            raise InputError("data", "there are no clips in any split")
        tfds.disable_progress_bar()  # ours counts clips
        with redirect_stdout(io.StringIO()):  # TFDS announces itself where `--json` must stand alone
            try:
                self.download_and_prepare(download_config=tfds.download.DownloadConfig(try_download_gcs=False))
            except OSError as error:
                raise InputError(
                    "data.data_dir",
                    f"{self.data_dir} cannot be written ({first_line(error)}); free some room, or set data.data_dir",
                ) from error
        bad = self.bad_files()
        if bad and self.builder_config.on_bad_file == "stop":
            raise InputError(
                "data.on_bad_file",
                f"{_say_bad(bad)}\nMend or remove them, or leave them out with --set data.on_bad_file=skip "
                f"(the readable clips stay prepared). The whole list: {Path(self.data_dir) / BAD_FILES}",
            )

    def bad_files(self) -> list[BadFile]:
        """Return the videos that could not be prepared."""
        return [BadFile(**row) for row in self._table(BAD_FILES)]

    def clips(self, split: str) -> list[dict[str, str]]:
        """Return name, label, group and seconds of the clips of a split, in stored order."""
        return [row for row in self._table(_CLIPS) if row["split"] == split]

    def _table(self, name: str) -> list[dict[str, str]]:
        """Read a table beside the shards."""
        try:
            with (Path(self.data_dir) / name).open(newline="", encoding="utf-8") as file:
                return list(csv.DictReader(file))
        except FileNotFoundError:
            raise InputError("data", f"the prepared data in {self.data_dir} are damaged; delete that folder") from None

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Iterator]:
        del dl_manager
        splits = {split: clips for split, clips in self.builder_config.splits.items() if clips}
        total = sum(map(len, splits.values()))
        self._progress = ProgressBar(f"Preparing {self.name}", total, unit="clips")
        self._bad: list[BadFile] = []
        self._rows: list[tuple[str, ...]] = []
        self._to_come = len(splits)
        return {split: self._generate_examples(split, clips) for split, clips in splits.items()}

    def _generate_examples(self, split: str, clips: list[Clip]) -> Iterator[tuple[str, dict[str, Any]]]:
        good = 0
        bad_before = len(self._bad)
        order = np.random.default_rng(0).permutation(len(clips))  # a shard holds all classes, so shuffling can be local
        for clip, future in in_threads(self.builder_config.read_whole, [clips[index] for index in order]):
            self._progress.advance()
            try:
                video = future.result()
            except MediaError as error:
                self._bad.append(BadFile(split, clip.name, str(error)))
                continue
            good += 1
            self._rows.append((split, clip.name, clip.label, clip.group, f"{video.seconds:.3f}"))
            yield (
                clip.name,
                {
                    "video": video.frames,
                    "label": clip.label,
                    "name": clip.name,
                    "group": clip.group,
                },
            )
        if not good:
            raise InputError("data.root", f"none of the {split} clips can be used: {_say_bad(self._bad[bad_before:])}")
        self._to_come -= 1
        if not self._to_come:
            self._progress.close()
            self._write_tables()

    def _write_tables(self) -> None:
        """Write clips and bad files beside the shards; TFDS moves all to their place when it is done."""
        tables = {_CLIPS: (_CLIP_COLUMNS, self._rows), BAD_FILES: (BadFile._fields, sorted(self._bad))}
        for name, (header, rows) in tables.items():
            with (Path(self.data_dir) / name).open("w", newline="", encoding="utf-8") as file:
                writer = csv.writer(file)
                writer.writerow(header)
                writer.writerows(rows)


def in_threads(read: Callable, items: Sequence) -> Iterator[tuple[Any, Future]]:
    """Yield each item with its finished work, in order; one thread a core, and few results wait in memory."""
    workers = os.cpu_count() or 1
    waiting: deque[tuple[Any, Future]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for item in items:
                waiting.append((item, pool.submit(read, item)))
                if len(waiting) > 2 * workers:
                    yield waiting.popleft()
            yield from waiting
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _say_bad(bad: Sequence[BadFile], at_most: int = 10) -> str:
    lines = [f"  {file.name} ({file.split}): {file.reason}" for file in bad[:at_most]]
    more = [f"  ... and {len(bad) - at_most} more"] if len(bad) > at_most else []
    return "\n".join([f"{len(bad)} video{'s' * (len(bad) != 1)} cannot be used:", *lines, *more])
