"""The run directory: the only hand-over between commands.

`config.yaml` and `spec.json` are enough to rebuild the network without the data; `environment.json` says where the
run was made; `history.csv`, `metrics.json`, `report.html` and `figures/` hold what came out; `best.weights.h5` are the
weights that eval, predict and export use, and `best.weights.sha256` what they are known by; `memory.npz` is what
trivial predictors know of the training examples; `checkpoints/` lets an interrupted run go on.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ..config.recipe import Config, ConfigError, load
from ..console.text import first_line
from ..console.version import __version__, is_newer
from ..contracts import InputError, Spec, named_place
from ..disk.locks import alone
from ..disk.sending import fetched
from ..disk.whole_files import remove_drafts, replace_file, written
from .environment import environment_of
from .finding import found, newest
from .kept import (
    CONFIG,
    ENVIRONMENT,
    LAYOUT,
    MEMORY,
    RECIPE_FILES,
    SPEC,
    WEIGHTS,
    check_own_files,
    environment_in,
    metrics_of,
)
from .manifest import MANIFEST, check_manifest

HASHES = "best.weights.sha256"
"""SHA-256 of the weights in its first line, and of those before in its second: a crash may come between two files."""
CHECKPOINTS = "checkpoints"
"""To a store this folder goes last: who goes on from a checkpoint finds weights and history as new as it, or newer."""
_OF_TRAINING = (WEIGHTS, HASHES, MEMORY, "history.csv", CHECKPOINTS)


class Run:
    """One training run on disk.

    Args:
        path: Its directory.
        config: The recipe.
        spec: What the data told the model.
    """

    def __init__(self, path: Path, config: Config, spec: Spec):
        self.path = path
        self.config = config
        self.spec = spec

    @classmethod
    def create(
        cls,
        path: Path,
        config: Config,
        spec: Spec,
        fingerprint: str,
        init: Path | None = None,
        examples: Mapping[str, int] | None = None,
    ) -> Run:
        """Write a new run directory.

        Args:
            path: The directory; it must not hold a run yet.
            config: The recipe.
            spec: What the data told the model.
            fingerprint: That of the prepared data.
            init: The run that it starts from; None: from the beginning.
            examples: How many there are, by split.
        """
        path.mkdir(parents=True, exist_ok=True)
        run = cls(path, config, spec)
        with run.locked():
            if (path / CONFIG).exists():
                raise InputError("", f"{path} holds a run already; go on with --resume, or choose another --run-dir")
            replace_file(path / SPEC, spec.model_dump_json(indent=2))
            started_from = None if init is None else named_place(init.absolute())
            made = {"init": started_from, **environment_of(config, fingerprint), "examples": dict(examples or {})}
            environment = {"layout": LAYOUT, **made}
            replace_file(path / ENVIRONMENT, json.dumps(environment, indent=2))
            replace_file(path / CONFIG, config.to_yaml())  # the last one: with it, there is a run
        return run

    @classmethod
    def open(cls, path: str | Path | None = None, overrides: Iterable[str] = ()) -> Run:
        """Open a run directory.

        Args:
            path: The directory, or what `finding.found` takes; None: the newest one below `runs/`.
            overrides: Settings of the data and task sections to change, such as `"data.root=other"`.

        Raises:
            InputError: There is no run.
        """
        path = newest(trained=True) if path is None else fetched(found(path))
        return cls(path, *recipe_and_spec(path, overrides))

    @property
    def weights_file(self) -> Path:
        """The best weights.

        Raises:
            InputError: There are none yet.
        """
        file = self.path / WEIGHTS
        if not file.is_file():
            raise InputError(
                "",
                f"{self.path} has no {file.name}: its training has finished no epoch, or in none of them was "
                f"{self.config.task.monitor} a finite number",
            )
        return file

    @cached_property
    def environment(self) -> dict[str, Any]:
        """Where and from what the run was made."""
        return environment_in(self.path)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Be the only process that trains into the run; drafts of killed ones are removed.

        Raises:
            InputError: Another process trains into it.
        """
        with alone(self.path / ".training.lock", f"trains into {self.path}"):
            for name in _OF_TRAINING:
                remove_drafts(self.path / name)
            (self.path / MANIFEST).unlink(missing_ok=True)  # what it becomes now was not published
            yield

    def replace_config(self, config: Config) -> None:
        """Write another recipe, with which the run goes on."""
        replace_file(self.path / CONFIG, config.to_yaml())
        self.config = config

    def note_resumed(self, differences: Sequence[str]) -> None:
        """Keep for good with what differences the run was gone on with."""
        when = datetime.now().astimezone().isoformat(timespec="seconds")
        self._note(resumed=[*self.environment.get("resumed", ()), {"when": when, "differences": list(differences)}])

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Keep how long is trained inside, together with what was trained before; a kill alone is not counted."""
        started = time.monotonic()
        try:
            yield
        finally:
            with suppress(OSError):  # a full disk is told by what failed first
                self._note(seconds=round(self.environment.get("seconds", 0.0) + time.monotonic() - started, 1))

    def _note(self, **told: Any) -> None:
        replace_file(self.path / ENVIRONMENT, json.dumps({**self.environment, **told}, indent=2))
        del self.environment

    @property
    def metrics(self) -> dict[str, Any]:
        """All evaluations of this run, by name."""
        return metrics_of(self.path)

    def keep_memory(self, memory: Mapping[str, np.ndarray]) -> None:
        """Keep what the task has to know of the training examples later."""
        with written(self.path / MEMORY) as draft, draft.open("wb") as target:
            np.savez_compressed(target, allow_pickle=False, **memory)


def recipe_and_spec(folder: Path, overrides: Iterable[str] = ()) -> tuple[Config, Spec]:
    """Read what a run, or what was exported from it, was made from.

    Args:
        folder: Where `config.yaml` and `spec.json` are.
        overrides: Settings of the data and task sections to change, such as `"data.root=other"`.

    Raises:
        InputError: A file is missing or damaged, or not as it was published, a link leads out of the folder, another
            version made it, or another setting is to be changed.
    """
    overrides = list(overrides)
    foreign = [text for text in overrides if not text.startswith(("data.", "task."))]
    if foreign:
        raise InputError("", f"--set {foreign[0]}: of a finished run only settings of data. and task. can be changed")
    if folder.is_dir():
        check_own_files(folder)
        check_manifest(folder, (*RECIPE_FILES, WEIGHTS, HASHES, MEMORY))
    if missing := [name for name in RECIPE_FILES if not (folder / name).is_file()]:
        raise InputError("", f"{folder} is no run directory (it has no {' and no '.join(missing)})")
    made = environment_in(folder)
    if (layout := made.get("layout")) != LAYOUT:
        version = made.get("versions", {}).get("lstm-zoo") or "an unknown version"
        newer = isinstance(layout, int) and layout > LAYOUT
        what = "cannot read yet; update it" if newer else "cannot read any more; train again"
        raise InputError("", f"{named_place(folder)} was made with lstm_zoo {version}, which {__version__} {what}")
    try:
        config = load(folder / CONFIG, overrides, made_with=made["plugins"])
    except ConfigError as error:
        if is_newer(version := str(made["versions"].get("lstm-zoo"))):
            what = f"was made with lstm_zoo {version}, which {__version__} does not read: update it"
            reason = first_line(error).removeprefix(f"{folder}/")
            raise InputError("", f"{named_place(folder)} {what} ({reason})") from None
        raise
    try:
        spec = Spec.model_validate_json((folder / SPEC).read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError("", f"{folder / SPEC} is damaged ({first_line(error)}); restore it, or train again") from None
    if not config.model.takes & spec.inputs.keys():
        raise InputError("", f"{folder / SPEC} is damaged (no {' or '.join(sorted(config.model.takes))}); restore it")
    if config.task.target != spec.target.kind:
        raise InputError(
            "task.kind",
            f"'{config.task.kind}' is about {config.task.target}, but the run was trained on {spec.target.kind}",
        )
    if "data.data_dir" not in [text.partition("=")[0].strip() for text in overrides]:
        config = config.model_copy(update={"data": config.data.of_a_run()})
    return config, spec
