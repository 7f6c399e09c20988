"""Preparation: files become TFRecord shards, once, by a TFDS builder, beside tables of examples and of bad files."""

from __future__ import annotations

import csv
import hashlib
import io
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import tensorflow_datasets as tfds

from ...console.progress import ProgressBar
from ...console.quiet import silence_tfds
from ...console.text import writable
from ...contracts import BadFile, InputError
from ...media.errors import MediaError
from .data_place import writing_to
from .family import Family, Item, Row, row_of
from .preparing_once import is_whole, preparing_once
from .several_at_once import Reading

_NAMED = 10  # classes that lost examples, in a remark
_BAD_FILES, _EXAMPLES = "bad_files.csv", "examples.csv"
_LAYOUT = "4"  # raise it when what is stored changes: older preparations are then made anew
silence_tfds()


@dataclass(kw_only=True, eq=False)
class Source(tfds.core.BuilderConfig):
    """Everything preparation needs to know of a data set; its `name` is the folder of the prepared data."""

    splits: Mapping[str, Sequence[Item]] = field(default_factory=dict, repr=False)
    """The items of each split."""
    reading: Reading = field(default=lambda items: iter(()), repr=False)
    """Gives what is stored of items."""
    file_of: Callable[[Item], str] = field(default=lambda item: item.name, repr=False)
    """Tells the file that an item is read from."""
    family: Family | None = field(default=None, repr=False)
    """How it is stored."""
    noun: str = "file"
    """What an item is called in messages."""
    on_bad_file: Literal["stop", "skip"] = "stop"
    """`stop`: bad files are an error; `skip`: they are left out and counted."""


def fingerprint(*parts: Any) -> str:
    """Return 12 hexadecimal digits that change whenever one of the parts does."""
    return hashlib.sha256("\x1f".join(map(str, (_LAYOUT, *parts))).encode("utf-8", "surrogatepass")).hexdigest()[:12]


class _OwnInfo(tfds.core.DatasetInfo):
    """What is told of data that only this machine has."""

    def initialize_from_bucket(self) -> None:
        """Ask nobody: TFDS would leave an empty folder in the system's temporary one each time."""


class PreparedBuilder(tfds.core.GeneratorBasedBuilder, skip_registration=True):
    """Writes the items of a `Source`, a table of them, and a table of those that could not be read.

    Args:
        dataset: Name of the data set.
        source: What is prepared.
        data_dir: Where prepared data are kept; None: TFDS's own place.
    """

    VERSION = tfds.core.Version("1.0.0")
    builder_config: Source

    def __init__(self, dataset: str, source: Source, data_dir: Path | None = None):
        self.name = dataset
        super().__init__(data_dir=data_dir, config=source)

    @property
    def family(self) -> Family:
        """How the examples are stored."""
        assert self.builder_config.family is not None
        return self.builder_config.family

    def _info(self) -> tfds.core.DatasetInfo:
        features = tfds.features.FeaturesDict({**self.family.features(), "name": tfds.features.Text()})
        return _OwnInfo(builder=self, features=features, disable_shuffling=True)

    @property
    def is_prepared(self) -> bool:
        """Whether the shards are there."""
        return is_whole(Path(self.data_dir))

    def prepare(self) -> None:
        """Write the shards if they do not exist yet, and judge the bad files.

        The readable files are kept whatever the bad ones are, so that nothing is decoded twice once the user has
        decided about them.

        Raises:
            InputError: There are bad files and `on_bad_file` is `stop`; or a split has no others, and nothing is kept;
                or there can be no folder for prepared data.
            DiskError: The disk is full, or the folder cannot be written.
        """
        source = self.builder_config
        if not any(source.splits.values()):
            raise InputError("data", f"there are no {source.noun}s in any split")
        tfds.disable_progress_bar()  # ours counts files
        quiet = redirect_stdout(io.StringIO())  # TFDS announces itself where `--json` must stand alone
        with quiet, writing_to(Path(self.data_dir)), preparing_once(self) as missing:
            if missing:
                self.download_and_prepare(download_config=tfds.download.DownloadConfig(try_download_gcs=False))
        bad = self.bad_files()
        if bad and source.on_bad_file == "stop":
            raise InputError(
                "data.on_bad_file",
                *self._say_bad(bad),
                f"Mend or remove them, or leave them out with --set data.on_bad_file=skip "
                f"(the readable {source.noun}s stay prepared). The whole list: {Path(self.data_dir) / _BAD_FILES}",
            )

    def bad_files(self) -> list[BadFile]:
        """Return the files that could not be prepared."""
        return [BadFile(**row) for row in self._table(_BAD_FILES)]

    def remarks(self) -> list[str]:
        """Return in words what could not be prepared: classes all of whose examples are lost, first of all."""
        bad, source = self.bad_files(), self.builder_config
        if not bad:
            return []
        of_class: Counter[str] = Counter()
        lost: Counter[str] = Counter()
        if self.family.spec.target.kind == "classes":
            names = {file.name for file in bad}
            of_class.update(item.target for items in source.splits.values() for item in items)
            lost.update(
                item.target for items in source.splits.values() for item in items if writable(item.name) in names
            )
        whole = [f"{name} ({count})" for name, count in lost.items() if count == of_class[name]]
        told = [f"LOST: all {source.noun}s of {', '.join(whole)} cannot be used"] if whole else []
        by_class = ", ".join(f"{name} {count} of {of_class[name]}" for name, count in lost.most_common(_NAMED))
        total = sum(map(len, source.splits.values()))
        return [
            *told,
            f"left out: {len(bad)} of {total} {source.noun}s, which cannot be used{f' ({by_class})' * bool(by_class)}, "
            f"such as {bad[0].name}: {bad[0].reason}; all of them: {Path(self.data_dir) / _BAD_FILES}",
        ]

    def rows(self, split: str) -> list[Row]:
        """Return name, target (as JSON), group, notes and what the family adds of each example, in stored order."""
        return [row for row in self._table(_EXAMPLES) if row["split"] == split]

    def _table(self, name: str) -> list[dict[str, str]]:
        try:
            with (Path(self.data_dir) / name).open(newline="", encoding="utf-8") as file:
                return list(csv.DictReader(file))
        except FileNotFoundError:
            raise InputError("data", f"the prepared data in {self.data_dir} are damaged; delete that folder") from None

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Iterator]:
        del dl_manager
        splits = {split: items for split, items in self.builder_config.splits.items() if items}
        total = sum(map(len, splits.values()))
        self._progress = ProgressBar(f"Preparing {self.name}", total, unit=f"{self.builder_config.noun}s")
        self._bad: list[BadFile] = []
        self._rows: list[dict[str, str]] = []
        self._to_come = len(splits)
        return {split: self._generate_examples(split, items) for split, items in splits.items()}

    def _generate_examples(self, split: str, items: Sequence[Item]) -> Iterator[tuple[str, dict[str, Any]]]:
        source, good, bad_before = self.builder_config, 0, len(self._bad)
        for item, record in source.reading(_shuffled(items, source.file_of)):
            self._progress.advance()
            if isinstance(record, MediaError):
                self._bad.append(BadFile(split, writable(item.name), str(record)))
                continue
            good += 1
            for one, stored in self.family.examples_of(item, record):
                self._rows.append(row_of(split, one, stored, self.family))
                yield one.name, {**{name: stored[name] for name in self.family.features()}, "name": one.name}
        if not good:
            first, *more = self._say_bad(self._bad[bad_before:])
            raise InputError("data.root", f"none of the {split} {source.noun}s can be used: {first}", *more)
        self._to_come -= 1
        if not self._to_come:
            self._progress.close()
            self._write_table(_EXAMPLES, list(self._rows[0]), [list(row.values()) for row in self._rows])
            self._write_table(_BAD_FILES, BadFile._fields, sorted(self._bad))

    def _write_table(self, name: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Write a table beside the shards; TFDS moves all to their place when it is done."""
        with (Path(self.data_dir) / name).open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(header)
            writer.writerows(rows)

    def _say_bad(self, bad: Sequence[BadFile], at_most: int = 10) -> list[str]:
        lines = [f"  {file.name} ({file.split}): {file.reason}" for file in bad[:at_most]]
        more = [f"  ... and {len(bad) - at_most} more"] if len(bad) > at_most else []
        noun = self.builder_config.noun
        return [f"{len(bad)} {noun}{'s' * (len(bad) != 1)} cannot be used:", *lines, *more]


def _shuffled(items: Sequence[Item], file_of: Callable[[Item], str]) -> list[Item]:
    """Return items in random order, those of one file together: a shard holds all kinds, so shuffling can be local."""
    files: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        files[file_of(item)].append(item)
    found = list(files.values())
    return [item for index in np.random.default_rng(0).permutation(len(found)) for item in found[index]]
