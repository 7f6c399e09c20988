"""An exported file at work, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import weakref
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..contracts import Outputs
from ..runs.network import Inputs
from .options import ExportError
from .runtimes import SERVING, receive, send


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
        script = Path(__file__).with_name("runtimes.py")
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(script), format, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env={**os.environ, "CUDA_VISIBLE_DEVICES": "", "TF_CPP_MIN_LOG_LEVEL": "3"},
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

    @property
    def inputs(self) -> dict[str, tuple[Any, ...]]:
        """Shapes of the inputs by name; sizes that are free are None."""
        return {one["name"]: tuple(one["shape"]) for one in self.signatures[SERVING]["inputs"]}

    def run(self, inputs: Inputs, signature: str = SERVING) -> tuple[Outputs, float]:
        """Run a signature.

        Returns:
            The outputs by name, and the time that the runtime took, in seconds.
        """
        with suppress(BrokenPipeError):  # its last words say why
            send(self._process.stdin, {"signature": signature}, inputs)  # type: ignore[arg-type]
        about, outputs = self._answer()
        return outputs, about["seconds"]

    def _answer(self) -> tuple[dict[str, Any], Outputs]:
        about, outputs = receive(self._process.stdout) or ({}, {})  # type: ignore[arg-type]
        if not about:
            self._process.wait()
            self._errors.seek(0)
            said = self._errors.read().decode(errors="replace").strip()
            about["error"] = f"{said.splitlines()[-1]}\n{said[-2000:]}" if said else "it ended without a word"
        if "error" in about:
            raise ExportError(f"{self.format}: the file does not run in a fresh process: {about['error']}")
        return about, outputs


def _end(process: subprocess.Popen, errors: Any) -> None:
    """End a process, which stops where its input does."""
    process.communicate()
    errors.close()
