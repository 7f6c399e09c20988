"""An exported file in use: run in a process of its own, in the place of the run that it was made from."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ..config.recipe import Config
from ..console.text import first_line
from ..contracts import InputError, Outputs, Spec
from ..runs.directory import recipe_and_spec
from ..runs.kept import EXPORT
from ..runs.lengths import filled_up, free_axis
from ..runs.network import Inputs, Network
from ..streaming.step import FRAME, Steps
from ..streaming.stream import Stream
from .formats import FORMATS, check_packages
from .runner import Runner
from .runtimes import SERVING


def is_exported(path: str | Path) -> bool:
    """Say whether a path is that of an exported file, or of the folder that holds it, rather than of a run."""
    path = Path(path)
    return path.is_file() or any((folder / EXPORT).is_file() for folder in (path, path.parent))


class ExportedNetwork(Network):
    """The network of an exported file.

    Args:
        path: The file.
        about: What `export.json` says of it; its `format`, `quantize` and `streaming` at the least.
        config: The run's recipe.
        spec: What the data told the model.
    """

    def __init__(self, path: Path, about: dict[str, Any], config: Config, spec: Spec):
        super().__init__(config, spec, path, path.parent)
        self.about = about

    @classmethod
    def open(cls, path: str | Path, overrides: Iterable[str] = ()) -> ExportedNetwork:
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
            file, _, _ = folder / about["file"], FORMATS[about["format"]], about["streaming"]
            if Path(about["file"]).name != about["file"]:
                raise ValueError(f"{about['file']} lies elsewhere")
        except (ValueError, KeyError, TypeError) as error:
            raise InputError("", f"{folder / EXPORT} is damaged ({first_line(error)}); export again") from None
        if path != folder and path.name != file.name:
            raise InputError("", f"{folder / EXPORT} is about {file.name}, not about {path.name}; name that file")
        if not file.exists():
            raise InputError("", f"no file {file}, of which {folder / EXPORT} tells; export again")
        check_packages(about["format"])
        config, spec = recipe_and_spec(folder, overrides)
        for text in overrides:
            section, key, *_ = [*text.partition("=")[0].split("."), ""]
            if section == "task" and key in config.task.exported_keys:
                raise InputError("", f"--set {text}: is part of the file; export again with it")
        return cls(file, about, config, spec)

    @property
    def weights(self) -> Path:
        """The file itself."""
        return self.path

    @cached_property
    def runner(self) -> Runner:
        """The file at work."""
        return Runner(self.path, self.about["format"])

    def run(self, inputs: Inputs, signature: str = SERVING) -> tuple[Outputs, float]:
        """Run a signature on a batch; where the file takes batches of one size, in as many as it needs.

        Returns:
            The outputs by name, and the time that the runtime took, in seconds.
        """
        first = self.runner.signatures[signature]["inputs"][0]
        size, rows = first["shape"][0], len(inputs[first["name"]])
        if size in (None, rows):
            return self.runner.run(inputs, signature)
        answers, seconds = [], 0.0
        for start in range(0, rows, size):
            places = np.arange(start, start + size).clip(max=rows - 1)  # the last one again, where one is short
            outputs, took = self.runner.run({name: values[places] for name, values in inputs.items()}, signature)
            answers.append(outputs)
            seconds += took
        return {name: np.concatenate([one[name] for one in answers])[:rows] for name in answers[0]}, seconds

    def answer(self, inputs: Inputs) -> Outputs:
        """Return the outputs for a batch of inputs; a file for single frames is shown those of clips in turn."""
        if self.about["streaming"]:
            (clips,) = inputs.values()
            stream = self._steps()
            return [stream.answer(clips[:, frame]) for frame in range(clips.shape[1])][-1]
        lengths = {
            name: shape[axis] for name, shape in self.runner.inputs.items() if (axis := free_axis(self.spec, name))
        }
        outputs, _ = self.run(filled_up(inputs, self.spec, lengths))
        return {name: one for name, one in outputs.items() if one.dtype.kind != "S"}  # a server's sentences

    def steps(self) -> Stream:
        """Return the file as a step with a memory of the frames before.

        Raises:
            InputError: It takes whole clips.
        """
        if not self.about["streaming"]:
            raise InputError("", f"{self.path} does not take single frames; for these, export with --streaming")
        return self._steps()

    def _steps(self) -> Steps:
        """Return a stream through the file, which takes single frames."""
        sizes = {name: shape[1] for name, shape in self.runner.inputs.items() if name != FRAME}
        return Steps(lambda inputs: self.run(inputs)[0], sizes)
