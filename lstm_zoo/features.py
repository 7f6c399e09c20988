"""Features that are computed once: what a frozen encoder makes of the examples, kept beside the prepared data.

A network's layer named `encoder` turns inputs into features. Where nothing in it is trained, the rest of the network
(its head) is trained and evaluated on features from a file; the layers are those of the whole network, which is
complete again at any time. A file's folder is named after all that its content depends on, so a changed encoder or
data set is computed anew, and a file appears under its name only when it is whole.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from . import __version__
from .console.progress import ProgressBar
from .console.text import first_line
from .contracts import InputError, Splits
from .data.order import epoch_seed, shuffled
from .layers.recurrent.implementation import ENCODER, has_frozen_encoder

if TYPE_CHECKING:
    from .config import Config

_BATCH_ROWS = 8


def on_features(
    config: Config, model: keras.Model, splits: Splits, *, training: bool = False
) -> tuple[keras.Model, Splits]:
    """Return what is to be trained or evaluated: the head on cached features, or the network itself on its inputs.

    Args:
        config: The recipe; `train.cached_views` decides.
        model: The whole network.
        splits: Its data.
        training: Whether the training split will be read as well.

    Returns:
        The head, which shares its layers with the network, and splits that stream features; or `model` and `splits`
        where the encoder is trained, or features are not to be cached.
    """
    views = config.train.cached_views
    if not has_frozen_encoder(model) or views == 0 or (training and views is None and splits.augmented):
        return model, splits
    features = model.get_layer(ENCODER).output
    further = model.inputs[1:]
    backbone = config.model.backbone.model_dump(mode="json", exclude={"weights"})
    encoder = keras.Model(model.inputs[0], features)
    head = keras.Model([features, *further] if further else features, model.output, name=f"{model.name}_head")
    return head, FeatureSplits(splits, encoder, backbone, (views or 1) if splits.augmented else 1)


class FeatureSplits(Splits):
    """The features of another data set's examples, in the same order.

    Args:
        splits: The examples.
        encoder: From inputs to features.
        description: What the encoder is, besides its weights; ready for JSON.
        num_train_views: Augmented views of each training example; epoch e shows view e modulo their number.
    """

    def __init__(self, splits: Splits, encoder: keras.Model, description: dict[str, Any], num_train_views: int):
        self._splits = splits
        self._encoder = encoder
        self._num_train_views = num_train_views
        self.spec, self.num_views = splits.spec, splits.num_views
        self.bad_files, self.augmented = splits.bad_files, splits.augmented
        about = {
            "data": splits.inputs_fingerprint,
            "input_shape": splits.spec.input_shape,
            "feature_shape": encoder.output.shape[1:],
            "encoder": description,
            "weights": _hash(encoder),
            "precision": encoder.get_layer(ENCODER).dtype_policy.name,
            "lstm_zoo": __version__,
        }
        self.inputs_fingerprint = self.fingerprint = hashlib.sha256(json.dumps(about).encode()).hexdigest()[:16]
        self.folder = splits.folder / "features" / self.fingerprint
        self._about = about
        half = keras.backend.standardize_dtype(encoder.output.dtype) == "float16"
        self._dtype = "float16" if half else "float32"  # NumPy knows no bfloat16

    def size(self, split: str) -> int:
        """Return the number of examples in a split."""
        return self._splits.size(split)

    def train_stream(
        self, batch_size: int, seed: int, first_epoch: int = 0, *, drop_remainder: bool = False
    ) -> tf.data.Dataset:
        """Return endless shuffled batches: features (B, ...), any further inputs, and targets (B, ...)."""
        views = [self._train_features(seed, view) for view in range(self._num_train_views)]

        def rows(epoch: np.ndarray, chosen: np.ndarray) -> list[np.ndarray]:
            further, targets = self._splits.supervision("train", int(epoch), chosen)
            return [views[epoch % len(views)][chosen], *further, targets]

        like = rows(np.array(0), np.arange(1))

        def one_epoch(epoch: tf.Tensor) -> tf.data.Dataset:
            order = shuffled(self.size("train"), epoch_seed(seed, epoch))
            batches = tf.data.Dataset.from_tensor_slices(order).batch(batch_size, drop_remainder)
            return batches.map(lambda chosen: _shaped(rows, [epoch, chosen], like))

        return tf.data.Dataset.range(first_epoch, tf.int32.max).flat_map(one_epoch).prefetch(tf.data.AUTOTUNE)

    def train_views(self, batch_size: int, seed: int, epoch: int) -> tf.data.Dataset:
        """Return one pass over the training split in stored order, as that epoch shows it."""
        features = self._train_features(seed, epoch % self._num_train_views)
        further, targets = self._splits.supervision("train", epoch)
        return self._in_order([features, *further, targets], batch_size)

    def eval_stream(self, split: str, batch_size: int) -> tf.data.Dataset:
        """Return one pass over a split in stored order, `num_views` consecutive rows an example."""
        features = self._cached(split, split, lambda: self._splits.eval_stream(split, _BATCH_ROWS), self.num_views)
        further, targets = self._splits.supervision(split)
        repeated = [np.repeat(one, self.num_views, axis=0) for one in (*further, targets)]
        return self._in_order([features, *repeated], batch_size)

    def merged(self, split: str, batches: Iterable[Any]) -> Iterator[Any]:
        """Yield the outputs of each example."""
        return self._splits.merged(split, batches)

    def targets(self, split: str) -> Any:
        """Return the targets of a split."""
        return self._splits.targets(split)

    def supervision(
        self, split: str, epoch: int = 0, rows: np.ndarray | None = None
    ) -> tuple[tuple[np.ndarray, ...], np.ndarray]:
        """Return the further inputs and the targets of training."""
        return self._splits.supervision(split, epoch, rows)

    def names(self, split: str) -> list[str]:
        """Return the examples' names."""
        return self._splits.names(split)

    def counts(self, split: str) -> dict[str, int]:
        """Return what a split holds."""
        return self._splits.counts(split)

    def judge(self, split: str, outputs: Any) -> dict[str, float]:
        """Return figures that only the data set can give."""
        return self._splits.judge(split, outputs)

    def _train_features(self, seed: int, view: int) -> np.ndarray:
        plain = "train" if self._splits.trained_as_evaluated else "train-view"
        name = f"train-view-seed{seed}-{view}" if self.augmented else plain
        return self._cached(name, "train", lambda: self._splits.train_views(_BATCH_ROWS, seed, view), 1)

    def _in_order(self, columns: list[np.ndarray], batch_size: int) -> tf.data.Dataset:
        def rows(chosen: np.ndarray) -> list[np.ndarray]:
            return [column[chosen] for column in columns]

        batches = tf.data.Dataset.range(len(columns[0])).batch(batch_size)
        return batches.map(lambda chosen: _shaped(rows, [chosen], columns)).prefetch(tf.data.AUTOTUNE)

    def _cached(self, name: str, split: str, stream: Callable[[], tf.data.Dataset], num_views: int) -> np.ndarray:
        """Return features, (rows, ...), as a view of their file; compute them first if there is no such file."""
        file = self.folder / f"{name}.npy"
        shape = (self.size(split) * num_views, *self._encoder.output.shape[1:])
        if not file.is_file():
            title = f"Features of {split}"
            try:
                self._write(file, shape, self._computed(stream(), shape[0], title))
            except OSError as error:
                print(f"features are not kept: {self.folder} cannot be written ({first_line(error)})", file=sys.stderr)
                return np.concatenate(list(self._computed(stream(), shape[0], title)))
        try:
            features = np.load(file, mmap_mode="r")
        except (ValueError, EOFError) as error:
            raise InputError("", f"{file} is damaged ({first_line(error)}); delete it") from None
        assert features.shape == shape, (file, features.shape, shape)
        return features

    def _write(self, file: Path, shape: tuple[int, ...], batches: Iterator[np.ndarray]) -> None:
        """Write features; the file has its name only once it is whole."""
        file.parent.mkdir(parents=True, exist_ok=True)
        (file.parent / "about.json").write_text(json.dumps(self._about, indent=2), encoding="utf-8")
        draft = file.with_suffix(f".{os.getpid()}.draft")
        try:
            with draft.open("wb") as target:
                header = {"descr": np.dtype(self._dtype).str, "fortran_order": False, "shape": shape}
                np.lib.format.write_array_header_1_0(target, header)
                for features in batches:
                    target.write(features.tobytes())
            draft.replace(file)
        finally:
            draft.unlink(missing_ok=True)

    def _computed(self, stream: tf.data.Dataset, num_rows: int, title: str) -> Iterator[np.ndarray]:
        """Yield the features of a stream, batch by batch."""
        progress = ProgressBar(title, num_rows, unit="rows")
        try:
            for inputs, _ in stream:
                features = self._encoder.predict_on_batch(first_input(inputs))
                features = keras.ops.convert_to_numpy(features).astype(self._dtype)
                progress.advance(len(features))
                yield features
        finally:
            progress.close()


def first_input(inputs: Any) -> Any:
    """Return what a network in use sees, without what is known in training alone."""
    return inputs[0] if isinstance(inputs, tuple) else inputs


def _shaped(rows: Callable, arguments: list[Any], like: list[np.ndarray]) -> tuple[Any, tf.Tensor]:
    """Fetch rows of columns within a tf.data pipeline, and tell their shapes; returns inputs and targets."""
    batch = tf.numpy_function(rows, arguments, [column.dtype for column in like])
    *inputs, targets = [
        tf.ensure_shape(one, (arguments[-1].shape[0], *column.shape[1:]))
        for one, column in zip(batch, like, strict=True)
    ]
    return (tuple(inputs) if len(inputs) > 1 else inputs[0]), targets


def _hash(encoder: keras.Model) -> str:
    """Return a hash of all weights."""
    found = hashlib.sha256()
    for weight in encoder.get_weights():
        found.update(np.ascontiguousarray(weight).data)
    return found.hexdigest()
