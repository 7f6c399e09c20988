"""An exported file that is used: run in a process of its own, through the same evaluation and prediction as a run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ..config import Config
from ..console.text import first_line
from ..contracts import PROBABILITIES, InputError, Spec
from ..run import recipe_and_spec
from ..streaming import FRAME, Stream
from .formats import ExportError, check_packages
from .runner import receive, send
from .saved_model import SERVING

EXPORT = "export.json"


class Runner:
    """An exported file at work, in a fresh process without a GPU, where nothing but its own runtime is at hand.

    Args:
        path: The file.
        format: Its format.

    Raises:
        ExportError: It cannot be loaded.
    """

    def __init__(self, path: Path, format: str):
        self.format = format
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (`_end` closes it)
        script = Path(__file__).with_name("runner.py")
        environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "", "TF_CPP_MIN_LOG_LEVEL": "3"}
        command = [sys.executable, "-P", str(script), format, str(path)]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=environment,
            start_new_session=True,  # Ctrl-C is for this process, which then ends the other
        )
        self.close = weakref.finalize(self, _end, self._process, self._errors)
        """Ends the process; done at the latest when nothing refers to the runner any more."""
        try:
            about, _ = self._answer()
        except ExportError:
            self.close()
            raise
        self.signatures: dict[str, Any] = about["signatures"]
        self.ops: dict[str, int] = about["ops"]
        self.runtime: str = about["runtime"]

    def run(self, inputs: dict[str, np.ndarray], signature: str = SERVING) -> tuple[dict[str, np.ndarray], float]:
        """Run a signature.

        Returns:
            The outputs by name, and the time that the runtime took, in seconds.
        """
        with suppress(BrokenPipeError):  # its last words say why
            send(self._process.stdin, {"signature": signature}, inputs)  # type: ignore[arg-type]
        about, outputs = self._answer()
        return outputs, about["seconds"]

    def predict_on_batch(self, inputs: np.ndarray) -> Any:
        """Return what a run's `inference` network would: probabilities alone, or a dict of outputs.

        A file that takes one frame at a time is shown the frames of each clip one after the other.
        """
        names = [one["name"] for one in self.signatures[SERVING]["inputs"]]
        if FRAME in names:
            stream = self.stream
            return [stream.scores(inputs[:, frame]) for frame in range(inputs.shape[1])][-1]
        outputs, _ = self.run({names[0]: inputs})
        return outputs.get(PROBABILITIES, {name: one for name, one in outputs.items() if one.dtype.kind != "S"})

    @property
    def stream(self) -> Stream:
        """The file over a video, frame by frame."""
        inputs = {one["name"]: one["shape"] for one in self.signatures[SERVING]["inputs"]}
        sizes = {name: shape[1] for name, shape in inputs.items() if name != FRAME}
        return Stream(lambda values: self.run(values)[0], sizes)

    def __enter__(self) -> Runner:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def _answer(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        answer = receive(self._process.stdout)  # type: ignore[arg-type]
        if answer is None:
            self._process.wait()
            self._errors.seek(0)
            said = self._errors.read().decode(errors="replace").strip()
            reason = said.splitlines()[-1] if said else "it ended without a word"
            raise ExportError(f"{self.format}: the file does not run in a fresh process: {reason}\n{said[-2000:]}")
        if "error" in answer[0]:
            raise ExportError(f"{self.format}: the file does not run in a fresh process: {answer[0]['error']}")
        return answer


def _end(process: subprocess.Popen, errors: Any) -> None:
    """End a process, which stops where its input does."""
    process.communicate()
    errors.close()


class Artifact:
    """An exported file with what it was made from; it takes the place of a run where files are judged or read.

    Args:
        path: The file.
        about: What `export.json` says of it.
        config: The run's recipe.
        spec: What the data told the model.
    """

    def __init__(self, path: Path, about: dict[str, Any], config: Config, spec: Spec):
        self.path = path
        self.about = about
        self.config = config
        self.spec = spec

    @classmethod
    def open(cls, path: str | Path, overrides: Iterable[str] = ()) -> Artifact:
        """Open an exported file.

        Args:
            path: The file, or the folder that holds it.
            overrides: Settings of the data and task sections to change, such as `"data.root=other"`.

        Raises:
            InputError: There is none, or there is no `export.json` beside it.
        """
        path, overrides = Path(path), list(overrides)
        folder = path if (path / EXPORT).is_file() else path.parent
        if not path.exists():
            raise InputError("", f"no file {path}; make one with lstmzoo export")
        if not (folder / EXPORT).is_file():
            raise InputError("", f"{path} has no {EXPORT} beside it, which lstmzoo export writes; keep them together")
        try:
            about = json.loads((folder / EXPORT).read_text(encoding="utf-8"))
            file, format, _ = folder / about["file"], about["format"], about["streaming"]
        except (ValueError, KeyError, TypeError) as error:
            raise InputError("", f"{folder / EXPORT} is damaged ({first_line(error)}); export again") from None
        if path != folder and path.name != file.name:
            raise InputError("", f"{folder / EXPORT} is about {file.name}, not about {path.name}; name that file")
        if not file.exists():
            raise InputError("", f"no file {file}, of which {folder / EXPORT} tells; export again")
        check_packages(format)
        config, spec = recipe_and_spec(folder, overrides)
        fixed = [
            text for text in overrides if text.startswith(tuple(f"task.{key}" for key in config.task.exported_keys))
        ]
        if fixed:
            raise InputError("", f"--set {fixed[0]}: is part of the file; export again with it")
        return cls(file, about, config, spec)

    @cached_property
    def inference(self) -> Runner:
        """The file at work."""
        return Runner(self.path, self.about["format"])

    def evaluate(self, split: str = "test", **options: Any) -> dict[str, Any]:
        """Evaluate the file itself on a split; see `evaluation.evaluate_exported`."""
        from ..evaluation import evaluate_exported

        return evaluate_exported(self, split, **options)

    def predict(self, files: Sequence[str | Path], save_to: Path | None = None) -> list[dict[str, Any]]:
        """Predict files; see `prediction.predict`."""
        from ..prediction import predict

        return predict(self, files, save_to)

    def stream(self) -> Stream:
        """Return a stream through the file.

        Raises:
            InputError: It takes whole clips.
        """
        if not self.about["streaming"]:
            raise InputError("", f"{self.path} does not take single frames; for these, export with --streaming")
        return self.inference.stream
