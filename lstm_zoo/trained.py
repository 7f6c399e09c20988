"""A trained network as a program uses it: files, folders and arrays in, answers out."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .config.recipe import Config
from .contracts import InputError, Spec
from .exporting.export import export
from .publishing.publish import Published, publish
from .runs.evaluation import evaluate
from .runs.network import Network, RunNetwork
from .runs.prediction import Prediction, predict

if TYPE_CHECKING:
    import keras

Asked = str | Path | np.ndarray
"""A file, a folder, or an array: a clip (T, H, W, C), an image (H, W) or (H, W, C), a volume (Z, H, W, C), uint8."""


class Trained:
    """A trained network: a run's, or an exported file's; `lstm_zoo.load` returns it.

    Args:
        network: The network in use.
    """

    def __init__(self, network: Network):
        self.network = network

    def __repr__(self) -> str:
        return f"<{self.config.model.kind} of {self.path}>"

    @property
    def path(self) -> Path:
        """The run directory, or the exported file."""
        return self.network.path

    @property
    def config(self) -> Config:
        """The recipe that it was trained by."""
        return self.network.config

    @property
    def spec(self) -> Spec:
        """What the data told it: its inputs by name, and the names of its classes (`spec.class_names`)."""
        return self.network.spec

    @property
    def model(self) -> keras.Model:
        """The Keras model, with its best weights: from a dict of inputs to logits.

        Raises:
            InputError: It is an exported file.
        """
        return self._run("holds no Keras model").model

    def predict(self, asked: Asked | Sequence[Asked], save_to: str | Path | None = None) -> list[Prediction]:
        """Answer to files, to all files in folders, and to arrays, in their order; each array is read as a file is.

        Args:
            asked: One of them, or several.
            save_to: Folder for what the task makes of each (label maps, pictures of attention, ...).

        Returns:
            An answer for each file and array: `text` for people, `facts` for programs; `facts["error"]` says why one
            cannot be read.

        Raises:
            InputError: A path does not exist, a folder holds nothing to read, or an array is no picture or clip.
        """
        several = [asked] if isinstance(asked, str | Path | np.ndarray) else asked
        num_axes = len(self.spec.inputs[self.config.data.gives].shape)
        with tempfile.TemporaryDirectory() as folder:
            files = [
                _saved(one, num_axes, Path(folder) / f"array {number}") if isinstance(one, np.ndarray) else one
                for number, one in enumerate(several, 1)
            ]
            return [_renamed(one, folder) for one in predict(self.network, files, save_to)]

    def evaluate(self, split: str = "test") -> dict[str, Any]:
        """Evaluate on a split (`train`, `val`, `test` or `all`); scores are kept where the network lies.

        Returns:
            The task's scores, with `floors`, those of trivial predictors, beside them.

        Raises:
            InputError: The data are not there, do not fit, or the split has no examples.
            DiskError: The scores cannot be kept.
        """
        return evaluate(self.network, split)

    def export(self, format: str = "tf_saved_model", to: str | Path | None = None, **options: Any) -> Trained:
        """Write the network as a file for another runtime, proved to give the same answers.

        Args:
            format: `keras`, `tf_saved_model`, `onnx` or `litert`.
            to: Folder; None: `exports/` of the run.
            **options: `quantize`, `streaming`, `allow_flex`, `portable`, `static_shape`: see
                `lstm_zoo.exporting.export.export`.

        Returns:
            The file, in use.

        Raises:
            InputError: It is an exported file already, or the options do not go together.
            ExportError: The file cannot be made, or gives other answers.
        """
        return Trained(export(self._run("is exported already"), format, to, **options))

    def publish(self, to: str | Path, **options: Any) -> Published:
        """Publish the run: what a network in use needs, with a card and a manifest, and nothing of this machine.

        Args:
            to: A new folder, or `hf://owner/name[@branch]`.
            **options: As `lstm_zoo.publishing.publish.publish` has them.

        Returns:
            Where it lies, and its files.

        Raises:
            InputError: It is an exported file, or the place cannot be used.
            ExportError: A format that is to go along cannot be made.
            HubError: The hub cannot be reached.
        """
        return publish(self._run("is exported").run, to, **options)

    def _run(self, why_not: str) -> RunNetwork:
        if not isinstance(self.network, RunNetwork):
            raise InputError("", f"{self.path} {why_not}; load the run that it was made from")
        return self.network


def _saved(array: np.ndarray, num_axes: int, stem: Path) -> Path:
    """Write an array as a file that loses nothing.

    Args:
        array: What the network is asked about.
        num_axes: Axes of what it is shown: 3 of images, 4 of clips and volumes.
        stem: The file's path, without its ending.
    """
    if num_axes == 4:
        np.save(file := stem.with_suffix(".npy"), array, allow_pickle=False)
        return file
    from PIL import Image

    if array.dtype != np.uint8 or not (array.ndim == 2 or (array.ndim == 3 and array.shape[-1] in (1, 3))):
        raise InputError(
            "", f"{stem.name} is {array.shape} {array.dtype}; expected (H, W), (H, W, 1) or (H, W, 3) uint8"
        )
    Image.fromarray(array[..., 0] if array.shape[2:] == (1,) else array).save(file := stem.with_suffix(".png"))
    return file


def _renamed(prediction: Prediction, folder: str) -> Prediction:
    """Return what is said of an array under its number; what is said of others as it is."""
    file = Path(prediction.file)
    if file.parent != Path(folder):
        return prediction
    return prediction._replace(file=file.stem, facts={**prediction.facts, "file": file.stem})
