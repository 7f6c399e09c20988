"""Features that are computed once: what a frozen encoder makes of the examples, kept beside the prepared data.

The rest of a network (its head) is trained and evaluated on features from a file. A file's folder is named after all
that its content depends on, so a changed encoder or data set is computed anew, and a file appears under its name only
when it is whole.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ...console.progress import ProgressBar
from ...console.text import first_line
from ...console.version import __version__
from ...console.visible import tell
from ...contracts import FEATURES, WHOLE, InputError, Share
from ...disk.making import making
from ...disk.whole_files import replace_file, written
from .family import TARGET, Family
from .media import Epochs, Media, StoredMedia, rows_of
from .order import epoch_seed, own, shuffled
from .stored import Stored

BATCH_ROWS = 8
"""Of inputs that are encoded at once."""


class Features(Media):
    """Features in place of media.

    Args:
        stored: The records.
        family: How they are shown.
        media: What the encoder sees.
        encoder: From inputs by name to a dict of `FEATURES` alone.
        about: What the encoder is, besides its weights; ready for JSON.
        num_train_views: Augmented views of each training example; epoch e shows view e modulo their number.
        encoded: Gives the features of all views of a split, in batches; None: the encoder does, here.
    """

    def __init__(
        self,
        stored: Stored,
        family: Family,
        media: StoredMedia,
        encoder: keras.Model,
        about: dict[str, Any],
        num_train_views: int,
        encoded: Callable[[str], Iterable[np.ndarray]] | None = None,
    ):
        self._encoded = encoded or (lambda split: self._encoded_here(self._media.shown(split, BATCH_ROWS)))
        self._stored, self._family, self._media, self._encoder = stored, family, media, encoder
        self._num_train_views = num_train_views
        inputs = {name: tensor.model_dump(mode="json") for name, tensor in family.spec.inputs.items()}
        self._about = {
            "data": f"{stored.fingerprint}/{family.shown_by}",
            "inputs": inputs,
            "feature_shape": encoder.output[FEATURES].shape[1:],
            "encoder": about,
            "weights": _hash(encoder),
            "dtype": keras.backend.standardize_dtype(encoder.output[FEATURES].dtype),
            "lstm_zoo": __version__,
        }
        name = hashlib.sha256(json.dumps(self._about).encode()).hexdigest()[:16]
        self._folder = features_folder(stored.folder) / name
        self._dtype = "float16" if self._about["dtype"] == "float16" else "float32"  # NumPy knows no bfloat16

    def epochs(self, seed: int, batch_size: int, drop_remainder: bool, share: Share = WHOLE) -> Epochs:
        views = [self._train_view(seed, view) for view in range(self._num_train_views)]
        size = self._stored.size("train")

        def one_epoch(epoch: tf.Tensor, done: tf.Tensor | int) -> tf.data.Dataset:
            order = own(shuffled(size, epoch_seed(seed, epoch))[done:], done, size, batch_size, share)
            batches = tf.data.Dataset.from_tensor_slices(order).batch(share.rows(batch_size), drop_remainder)
            return self._gathered(batches, lambda epoch, rows: views[epoch % len(views)][rows], views[0], epoch)

        return one_epoch

    def shown(self, split: str, batch_size: int, batches: range | None = None) -> tf.data.Dataset:
        counts = [self._family.num_views(row) for row in self._stored.rows(split)]
        features = self._cached(split, lambda: self._encoded(split), sum(counts))
        rows = rows_of(batches, batch_size, len(features))
        numbered = tf.data.Dataset.range(rows.start, rows.stop).batch(batch_size)
        numbers = tf.constant(np.repeat(np.arange(len(counts)), counts))
        gathered = self._gathered(numbered, lambda _, rows: features[rows], features, tf.constant(0))
        return gathered.map(lambda rows, media: (tf.gather(numbers, rows), media))

    def _gathered(
        self, batches: tf.data.Dataset, rows_of: Callable, like: np.ndarray, epoch: tf.Tensor
    ) -> tf.data.Dataset:
        """Return batches of row numbers with their features."""

        def one_batch(rows: tf.Tensor) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
            features = tf.numpy_function(rows_of, [epoch, rows], like.dtype, stateful=False)
            return rows, {FEATURES: tf.ensure_shape(features, [rows.shape[0], *like.shape[1:]])}

        return batches.map(one_batch)

    def _train_view(self, seed: int, view: int) -> np.ndarray:
        size = self._stored.size("train")
        if self._family.trained_as_evaluated:
            return self._cached("train", lambda: self._encoded("train"), size)
        name = f"train-view-seed{seed}-{view}" if self._family.augmented else "train-view"
        stream = partial(self._media.in_stored_order, seed, view, BATCH_ROWS)
        return self._cached(name, lambda: self._encoded_here(stream()), size)

    def _cached(self, name: str, batches: Callable[[], Iterable[np.ndarray]], num_rows: int) -> np.ndarray:
        """Return features, (rows, ...), as a view of their file; compute them first if there is no such file."""
        file = self._folder / f"{name}.npy"
        shape = (num_rows, *self._encoder.output[FEATURES].shape[1:])
        try:
            with making(file, f"computes features for {file}") as missing:
                if missing:
                    self._write(file, shape, self._counted(batches(), num_rows, f"Features ({name})"))
        except OSError as error:
            if not file.is_file():
                tell(f"features are not kept: {file.parent} cannot be written ({first_line(error)})")
                return np.concatenate(list(self._counted(batches(), num_rows, f"Features ({name})")))
        try:
            features = np.load(file, mmap_mode="r")
        except (ValueError, EOFError) as error:
            raise InputError("", f"{file} is damaged ({first_line(error)}); delete it") from None
        assert features.shape == shape, (file, features.shape, shape)
        return features

    def _write(self, file: Path, shape: tuple[int, ...], batches: Iterator[np.ndarray]) -> None:
        """Write features; the file has its name only once it is whole."""
        replace_file(file.parent / "about.json", json.dumps(self._about, indent=2))
        with written(file) as draft, draft.open("wb") as target:
            header = {"descr": np.dtype(self._dtype).str, "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(target, header)
            for features in batches:
                target.write(features.tobytes())
        others = bytes_of(features_folder(self._stored.folder)) - bytes_of(self._folder)
        told = f"; those of other encoders take {others / 2**20:.0f} MiB there" if others else ""
        tell(
            f"features: {file.stat().st_size / 2**20:.1f} MiB kept in {file.parent}{told} (`lstmzoo data info "
            "--remove-features` removes all of this recipe's data; else delete that folder)"
        )

    def _counted(self, batches: Iterable[np.ndarray], num_rows: int, title: str) -> Iterator[np.ndarray]:
        """Yield features as they are kept, and show how many there are."""
        progress = ProgressBar(title, num_rows, unit="rows")
        try:
            for features in batches:
                progress.advance(len(features))
                yield features.astype(self._dtype)
        finally:
            progress.close()

    def _encoded_here(self, stream: tf.data.Dataset) -> Iterator[np.ndarray]:
        """Yield the features of a stream, batch by batch."""
        features_of, batches = encoding_of(self._encoder), stream.as_numpy_iterator()
        for _, media in batches:  # type: ignore[misc]
            yield features_of({name: values for name, values in media.items() if name != TARGET})


def encoding_of(encoder: keras.Model) -> Callable[[dict[str, np.ndarray]], np.ndarray]:
    """Return what gives the features of a batch of inputs."""
    # A model of its own: one that was made for several devices gives each row once for each of them.
    alone = keras.Model(encoder.input, encoder.output)

    def features_of(inputs: dict[str, np.ndarray]) -> np.ndarray:
        features = keras.ops.convert_to_numpy(alone.predict_on_batch(inputs)[FEATURES])
        assert len(features) == len(next(iter(inputs.values()))), features.shape
        return features

    return features_of


def features_folder(prepared: Path) -> Path:
    """Return the folder of all features of a prepared data set."""
    return prepared / "features"


def remove_features(prepared: Path) -> int:
    """Remove all features of a prepared data set; return how many bytes they took."""
    size = bytes_of(features_folder(prepared))
    shutil.rmtree(features_folder(prepared), ignore_errors=True)
    return size


def bytes_of(folder: Path) -> int:
    """Return the size of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _hash(encoder: keras.Model) -> str:
    """Return a hash of all weights."""
    found = hashlib.sha256()
    for weight in encoder.get_weights():
        found.update(np.ascontiguousarray(weight).data)
    return found.hexdigest()
