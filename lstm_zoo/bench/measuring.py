"""Measurements as ratios: ours and others' work in turns, each contender in a process of its own."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..console.cores import num_cores
from ..console.text import did_you_mean
from ..contracts import InputError
from ..runs.environment import instructions, processor, processor_kind, versions
from . import ROWS
from .row import Context, Row

_LEAST_SECONDS = 0.3  # of one measurement


def bench(
    only: list[str] | None = None,
    *,
    rounds: int = 7,
    quick: bool = False,
    backend: str = "tensorflow",
    videos: Path | None = None,
) -> Iterator[dict[str, Any]]:
    """Measure; rows come as soon as they are done.

    Args:
        only: Functions of `lstm_zoo.bench.ROWS` to run, by name; None: all.
        rounds: Measurements of each contender, of which the median counts.
        quick: Tiny sizes, one round: for trying the code.
        backend: Keras' backend, `tensorflow` or `jax`; rows that are not for it are left out.
        videos: A folder with one folder a class with videos, for the rows that read; None: videos are drawn.

    Returns:
        Of each row the `subject` (the function), what it is `about`, `name`, `unit`, and `contenders`: for each the
        figures of `figures`, `first_seconds` (building and the first unit), `peak_mib`, or which package is `missing`.
        Ready for JSON.

    Raises:
        InputError: There is no such row, or no such folder.
    """
    names = [make.__name__ for make in ROWS]
    for name in only or ():
        if name not in names:
            raise InputError("", f"--only {name}: no such row{did_you_mean(name, names)}; rows: {', '.join(names)}")
    if videos and not videos.is_dir():
        raise InputError("", f"--videos {videos}: no such folder; expected one folder a class with videos")
    chosen = [make for make in ROWS if make.__name__ in (only or names)]
    return _rows(chosen, 1 if quick else rounds, quick, backend, videos)


def _rows(
    chosen: Sequence[Callable[[Context], list[Row]]], rounds: int, quick: bool, backend: str, videos: Path | None
) -> Iterator[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as scratch:
        context = Context(Path(scratch), videos.absolute() if videos else None, quick)
        for make in chosen:
            about = (make.__doc__ or "").split("\n")[0]
            for row in make(context):
                if backend in row.backends:
                    yield {"subject": make.__name__, "about": about, **_measure(row, context, rounds, backend)}


def machine() -> dict[str, Any]:
    """Return what the measurements were made on, ready for JSON."""
    return {
        "processor": processor(),
        "kind": processor_kind(),
        "instructions": instructions(),
        "cores": num_cores(),
        "platform": platform.platform(),
        "versions": versions(("torch", "jax", "opencv-python-headless", "onnxruntime", "ai-edge-litert")),
    }


def _measure(row: Row, context: Context, rounds: int, backend: str) -> dict[str, Any]:
    if row.setup:
        with _Worker(context, row.name, None, backend) as worker:
            worker.finish()
    contenders: dict[str, dict[str, Any]] = {}
    with ExitStack() as stack:
        workers = {}
        for name, contender in row.measured.items():
            if backend in contender.backends:
                worker = stack.enter_context(_Worker(context, row.name, name, backend))
                contenders[name] = worker.answer()
                if "missing" not in contenders[name]:
                    workers[name] = worker
        counts = {name: _enough(worker) for name, worker in workers.items()}
        times: dict[str, list[float]] = {name: [] for name in workers}
        for _ in range(rounds):
            for name, worker in workers.items():
                answer = worker.ask(counts[name])
                times[name].append(answer["seconds"] / counts[name])
                contenders[name]["peak_mib"] = answer["peak_mib"]
    for name, seconds in times.items():
        contenders[name] |= figures(seconds, times[next(iter(row.contenders))])
    return {"name": row.name, "unit": row.unit, "contenders": contenders}


def figures(rounds: Sequence[float], ours: Sequence[float]) -> dict[str, Any]:
    """Return medians and quartiles of the seconds a unit of rounds, and of their ratios to ours.

    A ratio is that of two measurements that followed each other: what the machine does over minutes falls out of it.
    """
    ratios = [one / mine for one, mine in zip(rounds, ours, strict=True)]
    return {
        "seconds": statistics.median(rounds),
        "seconds_between": _quartiles(rounds),
        "ratio": statistics.median(ratios),
        "ratio_between": _quartiles(ratios),
        "rounds": list(rounds),
    }


def _quartiles(values: Sequence[float]) -> tuple[float, float]:
    if len(values) == 1:
        return values[0], values[0]
    low, _, high = statistics.quantiles(values, method="inclusive")
    return low, high


def _enough(worker: _Worker) -> int:
    """Return how many units make one measurement; asking warms the worker up."""
    count = 1
    while (seconds := worker.ask(count)["seconds"]) < _LEAST_SECONDS and count < 10_000:
        count = max(count + 1, min(10 * count, int(count * 1.2 * _LEAST_SECONDS / max(seconds, 1e-6))))
    return count


class _Worker(subprocess.Popen):
    """A process that does the work of one contender, or without one a row's setup."""

    def __init__(self, context: Context, row: str, contender: str | None, backend: str):
        options = json.dumps(asdict(context), default=str)
        command = [sys.executable, "-m", "lstm_zoo.bench.worker", options, row]
        self._name = f"{row}, {contender or 'setup'}"
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 (closed on exit)
        super().__init__(
            command if contender is None else [*command, contender],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env={**os.environ, "KERAS_BACKEND": backend},
        )

    def __exit__(self, *exception: Any) -> None:
        super().__exit__(*exception)
        self._errors.close()

    def ask(self, units: int) -> dict[str, Any]:
        """Have so many units of work done."""
        print(units, file=self.stdin, flush=True)
        return self.answer()

    def answer(self) -> dict[str, Any]:
        """Return the next answer."""
        line = self.stdout.readline()
        if not line:
            self.finish()
            raise RuntimeError(f"bench: {self._name} ended without an answer")
        return json.loads(line)

    def finish(self) -> None:
        """Wait for the end, and raise a RuntimeError with the last lines of its errors if it failed."""
        if self.wait():
            self._errors.seek(0)
            lines = self._errors.read().strip().splitlines() or [f"exit status {self.returncode}"]
            raise RuntimeError(f"bench: {self._name} failed: {lines[-1]}")
