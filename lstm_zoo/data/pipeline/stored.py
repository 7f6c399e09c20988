"""Stored records: what a TFDS data set holds of each split, read in order, in blocks that can be shuffled, or kept."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

from ...console.cores import num_cores
from ...contracts import ALL, BadFile, InputError
from ...disk.making import making
from ...disk.whole_files import remove_drafts, replace_file, written
from .data_place import writing_to
from .family import Family, Record, Row
from .preparing import PreparedBuilder

KEPT_BYTES = 1024**3  # a split that needs less is kept in memory unpacked
THREADS = num_cores()
_CACHE_BYTES = 2 * 1024**3  # a split stored in less is kept in memory as it is stored
_BLOCK_BYTES = 512 * 1024**2  # what is shuffled at a time

Kept = Sequence[Mapping[str, np.ndarray]]
"""The unpacked records of a split."""


class Stored:
    """The records of a data set, and the table of what is known of each.

    Args:
        builder: The prepared TFDS data set.
        features: TFDS feature that holds each part of a record, by its name there.
        rows: Gives the rows of a split; asked once for each.
        splits: TFDS split (sub-splits too) of each of train, val and test; None: those of the same name.
        bad_files: What was left out.
        remarks: The same in words.
    """

    def __init__(
        self,
        builder: tfds.core.DatasetBuilder,
        features: Mapping[str, str],
        rows: Callable[[str], Sequence[Row]],
        splits: Mapping[str, str] | None = None,
        bad_files: Sequence[BadFile] = (),
        remarks: Sequence[str] = (),
    ):
        self._builder = builder
        self._features = features
        self._splits = splits or {split: split for split in builder.info.splits}
        self.bad_files = bad_files
        self.remarks = remarks
        self.folder = Path(builder.data_dir)
        self.fingerprint = f"{builder.info.full_name}/{dict(self._splits)}"
        self.rows = cache(lambda split: rows(split) if self.size(split) else [])

    @classmethod
    def prepared(cls, builder: PreparedBuilder, splits: Mapping[str, str] | None = None) -> Stored:
        """Return what this package has prepared; `splits` as above."""
        names = {name: name for name in builder.family.features()}
        named = splits or {}
        return cls(
            builder,
            names,
            lambda split: builder.rows(named.get(split, split)),
            splits,
            builder.bad_files(),
            builder.remarks(),
        )

    def size(self, split: str) -> int:
        """Return the number of examples in a split; 0 where there is no such split."""
        return self._builder.info.splits[self._splits[split]].num_examples if split in self._splits else 0

    def num_bytes(self, split: str) -> int:
        """Return the stored size of a split; TFDS knows only those of whole ones, not of `train[:90%]` or sums."""
        total = 0
        for part in map(str.strip, self._splits[split].split("+")):
            whole = self._builder.info.splits[part.split("[")[0]]
            total += whole.num_bytes * self._builder.info.splits[part].num_examples // max(whole.num_examples, 1)
        return total

    def records(self, split: str) -> tf.data.Dataset:
        """Return the records of a split in stored order; pictures as they are stored, encoded."""
        self._check(split)
        return read_features(self._builder, self._splits[split], self._features)

    def _check(self, split: str) -> None:
        if not self.size(split):
            have = ", ".join(f"{name} ({self.size(name)})" for name in self._splits) or "none"
            raise InputError("data", f"there are no {split} examples; splits with examples: {have}")

    def blocks(self, split: str) -> tf.data.Dataset:
        """Return records as blocks of many; what fits into memory is one block that is read from disk once.

        Returns:
            Tuples of the records' numbers (n,) and their tensors (n, ...).
        """
        size, num_bytes = self.size(split), self.num_bytes(split)
        length = size if num_bytes <= _BLOCK_BYTES else max(1, size * _BLOCK_BYTES // num_bytes)
        blocks = self.records(split).enumerate().ragged_batch(length)
        return blocks.cache() if num_bytes <= _CACHE_BYTES else blocks

    def kept(self, split: str, family: Family) -> Kept | None:
        """Return the unpacked records of a split, each unpacked once; None where they are too many to keep."""
        self._check(split)
        if family.keep == "never":
            return None
        if family.keep == "disk":
            return _on_disk(self.folder / f"unpacked-{split}", lambda: self._unpacked(split, family))
        if family.unpacked_bytes(self.rows(split), self.num_bytes(split)) > KEPT_BYTES:
            return None
        kept, left = [], KEPT_BYTES
        for record in self._unpacked(split, family):
            kept.append(record)
            left -= sum(array.nbytes for array in record.values())
            if left < 0:
                return None
        return kept

    def _unpacked(self, split: str, family: Family) -> Iterator[dict[str, np.ndarray]]:
        unpacked = self.records(split).map(family.unpacked, num_parallel_calls=THREADS)
        yield from unpacked.with_options(reading_options()).prefetch(2).as_numpy_iterator()  # type: ignore[misc]


def parts_for(splits: Sequence[str] | None, parts: Mapping[str, str]) -> Mapping[str, str]:
    """Return the TFDS splits of what is needed: their sum where all examples are one split, see `DataConfig.load`."""
    return {ALL: "+".join(parts.values())} if splits is not None and ALL in splits else parts


def read_features(builder: tfds.core.DatasetBuilder, split: str, features: Mapping[str, str]) -> tf.data.Dataset:
    """Return some TFDS features of a split in stored order, by other names; pictures as they are stored, encoded."""
    pictures = [
        name
        for name in features.values()
        if isinstance(features_of(builder)[name], (tfds.features.Image, tfds.features.Video))
    ]
    decoders = tfds.decode.PartialDecoding(
        dict.fromkeys(features.values(), True), decoders=dict.fromkeys(pictures, tfds.decode.SkipDecoding())
    )
    dataset: Any = builder.as_dataset(split=split, shuffle_files=False, decoders=decoders)  # type: ignore[call-arg]
    return dataset.map(lambda example: {name: example[feature] for name, feature in features.items()})


def features_of(builder: tfds.core.DatasetBuilder) -> Any:
    """Return the TFDS features of a data set, by name."""
    return builder.info.features


def reading_options() -> tf.data.Options:
    """Return the options of every stream: a fixed order, and no sharding between the devices of one machine."""
    options = tf.data.Options()
    options.deterministic = True
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
    return options


def _on_disk(stem: Path, records: Callable[[], Iterator[Mapping[str, np.ndarray]]]) -> Kept:
    """Return records as views of a file, which is made if need be: the arrays one behind the other, and their shapes.

    TFDS's shards are compressed and in one order; training needs them in any.
    """
    file, index = stem.with_suffix(".bin"), stem.with_suffix(".json")
    with writing_to(file), making(index, f"unpacks {stem}") as missing:
        if missing:
            remove_drafts(file)
            shapes = []
            with written(file) as draft, draft.open("wb") as target:  # bytes of all: a hole in a file that is mapped,
                for record in records():  # for which there is no room later, ends the process
                    shapes.append({name: array.shape for name, array in record.items()})
                    for array in record.values():
                        target.write(array.tobytes())
            replace_file(index, json.dumps(shapes))  # the last one: with it, both are whole
    flat, start, kept = np.memmap(file, np.uint8, "r"), 0, []
    for shapes_of_record in json.loads(index.read_text(encoding="utf-8")):
        arrays = {}
        for name, shape in shapes_of_record.items():
            end = start + math.prod(shape)
            arrays[name] = flat[start:end].reshape(shape)
            start = end
        kept.append(arrays)
    return kept


def kept_record(kept: Kept, number: tf.Tensor) -> Record:
    """Return one of the kept records within a tf.data graph."""
    names = list(kept[0])
    arrays = tf.numpy_function(
        lambda number: [kept[number][name] for name in names],
        [number],
        [kept[0][name].dtype for name in names],
        stateful=False,
    )
    return {
        name: tf.ensure_shape(array, [None] * kept[0][name].ndim) for name, array in zip(names, arrays, strict=True)
    }
