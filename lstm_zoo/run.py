"""The run directory: the only hand-over between commands.

`config.yaml` and `spec.json` are enough to rebuild the network without the data; `environment.json` says where the
run was made; `history.csv`, `metrics.json`, `report.html` and `figures/` hold what came out; `best.weights.h5` are the
weights that eval, predict and export use; `checkpoints/` lets an interrupted run go on.
"""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .config import Config, ConfigError, load
from .console.text import first_line
from .contracts import InputError, Spec

if TYPE_CHECKING:
    import keras

    from .exporting import Artifact
    from .streaming import Stream

RUNS = Path("runs")
RECIPE_FILES = ("config.yaml", "spec.json")
"""What it takes to rebuild a network without the data."""
_VERSIONS = ("lstm-zoo", "tensorflow", "keras", "tensorflow-datasets", "numpy", "av")


class Run:
    """One training run on disk."""

    def __init__(self, path: Path, config: Config, spec: Spec):
        self.path = path
        self.config = config
        self.spec = spec

    @classmethod
    def create(cls, path: Path, config: Config, spec: Spec, fingerprint: str) -> Run:
        """Write a new run directory.

        Args:
            path: The directory; it must not hold a run yet.
            config: The recipe.
            spec: What the data told the model.
            fingerprint: That of the prepared data.
        """
        if (path / "config.yaml").exists():
            raise InputError("", f"{path} holds a run already; go on with --resume, or choose another --run-dir")
        path.mkdir(parents=True, exist_ok=True)
        (path / "spec.json").write_text(spec.model_dump_json(indent=2), encoding="utf-8")
        (path / "environment.json").write_text(json.dumps(_environment(fingerprint), indent=2), encoding="utf-8")
        (path / "config.yaml").write_text(config.to_yaml(), encoding="utf-8")
        return cls(path, config, spec)

    @classmethod
    def open(cls, path: str | Path | None = None, overrides: Iterable[str] = ()) -> Run:
        """Open a run directory.

        Args:
            path: The directory; None takes the newest one below `runs/`.
            overrides: Settings of the data and task sections to change, such as `"data.root=other"`.

        Raises:
            InputError: There is no run.
        """
        path = newest(RUNS, trained=True) if path is None else Path(path)
        return cls(path, *recipe_and_spec(path, overrides))

    @cached_property
    def model(self) -> keras.Model:
        """The network with its best weights, as it is trained; it returns logits."""
        weights = self.path / "best.weights.h5"
        if not weights.is_file():
            raise InputError("", f"{self.path} has no {weights.name} yet: its training did not finish an epoch")
        model = self.config.model.build(self.spec, pretrained=False)
        model.load_weights(weights)
        return model

    @cached_property
    def inference(self) -> keras.Model:
        """The network as it is used: from pixels to outputs that mean something to a user."""
        return self.config.task.inference(self.model)

    def evaluate(self, split: str = "test", **options: Any) -> dict[str, Any]:
        """Evaluate on a split, beside the floor; see `evaluation.evaluate`."""
        from .evaluation import evaluate

        return evaluate(self, split, **options)

    def predict(self, files: Sequence[str | Path], save_to: Path | None = None) -> list[dict[str, Any]]:
        """Predict files; see `prediction.predict`."""
        from .prediction import predict

        return predict(self, files, save_to)

    def export(self, format: str = "tf_saved_model", to: str | Path | None = None, **options: Any) -> Artifact:
        """Export the network and prove the file equal; see `exporting.export`."""
        from .exporting import export

        return export(self, format, to, **options)

    def stream(self) -> Stream:
        """Return the network for one frame at a time, with a memory of the frames before."""
        from .exporting.network import exported_network
        from .streaming import stream_of

        return stream_of(exported_network(self, streaming=True))

    @cached_property
    def environment(self) -> dict[str, Any]:
        """Where and from what the run was made."""
        return json.loads((self.path / "environment.json").read_text(encoding="utf-8"))

    def replace_config(self, config: Config) -> None:
        """Write another recipe; it may differ in the number of epochs alone."""
        replace_file(self.path / "config.yaml", config.to_yaml())
        self.config = config

    @property
    def metrics(self) -> dict[str, Any]:
        """All evaluations of this run, by split."""
        return metrics_of(self.path)

    def add_metrics(self, name: str, figures: dict[str, Any]) -> None:
        """Keep the figures of an evaluation."""
        add_metrics(self.path, name, figures)


def metrics_of(folder: Path) -> dict[str, Any]:
    """Return the evaluations kept in a folder, by name."""
    file = folder / "metrics.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}


def add_metrics(folder: Path, name: str, figures: dict[str, Any]) -> None:
    """Keep the figures of an evaluation in a folder."""
    replace_file(folder / "metrics.json", json.dumps({**metrics_of(folder), name: figures}, indent=2))


def recipe_and_spec(folder: Path, overrides: Iterable[str] = ()) -> tuple[Config, Spec]:
    """Read what a run, or what was exported from it, was made from.

    Args:
        folder: Where `config.yaml` and `spec.json` are.
        overrides: Settings of the data and task sections to change, such as `"data.root=other"`.

    Raises:
        InputError: A file is missing or damaged, or another setting is to be changed.
    """
    overrides = list(overrides)
    foreign = [text for text in overrides if not text.startswith(("data.", "task."))]
    if foreign:
        raise InputError("", f"--set {foreign[0]}: of a finished run only settings of data. and task. can be changed")
    files = [folder / name for name in RECIPE_FILES]
    if not all(file.is_file() for file in files):
        raise InputError("", f"{folder} is no run directory (no {' and '.join(file.name for file in files)})")
    config = load(files[0], overrides)
    try:
        spec = Spec.model_validate_json(files[1].read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError("", f"{files[1]} is damaged ({first_line(error)}); restore it, or train again") from None
    return config, spec


def new_path(config: Config) -> Path:
    """Return an unused directory below `runs/` named after the recipe and the time."""
    stem = f"{config.name}-{datetime.now():%Y%m%d-%H%M%S}"
    path = RUNS / stem
    number = 1
    while path.exists():
        number += 1
        path = RUNS / f"{stem}-{number}"
    return path


def newest(folder: Path, name: str = "", trained: bool = False) -> Path:
    """Return the directory of the newest run below a folder.

    Args:
        folder: Where runs are kept.
        name: Name of the recipe; any by default.
        trained: Pass over runs that have no weights yet.

    Raises:
        InputError: There is none.
    """
    found = [
        file.parent
        for file in sorted(folder.glob(f"{name}*/config.yaml"), key=lambda file: file.stat().st_mtime)
        if (file.parent / "best.weights.h5").is_file() or not trained
    ]
    if not found:
        what = f"run of {name}" if name else "run"
        raise InputError("", f"no {what} below {folder.absolute()}; train one first, or name one with --run")
    return found[-1]


def replace_file(path: Path, text: str) -> None:
    """Write a file so that a crash leaves the old one or the new one, never half of it."""
    draft = path.with_suffix(f"{path.suffix}.tmp")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


def same_recipe(run: Run, config: Config) -> None:
    """Raise a ConfigError that lists what differs, if an interrupted run was started with another recipe."""
    old, new = (_flat(one.model_dump(mode="json")) for one in (run.config, config))
    changed = [key for key in sorted(old.keys() | new.keys()) if old.get(key) != new.get(key) and key != "train.epochs"]
    if changed:
        raise ConfigError(
            [
                f"{key}: {run.path} was started with {old.get(key)!r}, now it is {new.get(key)!r}; "
                "resume with the same settings (only train.epochs may change), or start a new run"
                for key in changed
            ]
        )


def _flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in values.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return flat


def _environment(fingerprint: str) -> dict[str, Any]:
    import keras

    from .layers.recurrent.cudnn import visible_devices

    return {
        "created": datetime.now().astimezone().isoformat(timespec="seconds"),
        "command": sys.argv,
        "data": fingerprint,
        "git_commit": _git_commit(),
        "python": platform.python_version(),
        "versions": versions(),
        "backend": keras.backend.backend(),
        "devices": visible_devices(),
        "platform": platform.platform(),
    }


def versions(further: Iterable[str] = ()) -> dict[str, str | None]:
    """Return the versions of what runs are made with, and of further packages, if they are installed."""
    return {name: _version(name) for name in (*_VERSIONS, *further)}


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _git_commit() -> str | None:
    """Return the commit of this package's checkout; None where it is installed from a wheel."""
    command = ["git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
