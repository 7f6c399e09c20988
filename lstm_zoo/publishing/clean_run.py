"""A run as others may have it: what a network in use needs, and nothing of its author's machine or files.

Left out are checkpoints, logs, reports and predictions, evaluations by other settings, figures that show examples, and
what the memory of floors holds of single examples; where these are drawn by this package alone, they are nobody's and
stay.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ..config import yaml_lines
from ..config.recipe import Config
from ..contracts import SPLITS, InputError
from ..data.pipeline.drawn import DrawnData
from ..disk.hashes import hash_of
from ..disk.making import making
from ..disk.whole_files import replace_file
from ..runs.directory import HASHES, Run
from ..runs.kept import CONFIG, ENVIRONMENT, METRICS, SPEC, WEIGHTS, memory_of
from ..runs.manifest import write_manifest
from ..runs.weights import check_kept_weights
from .own_places import OwnPlaces

_FIGURES_OF_NUMBERS = ("learning_curves", "floor", "confusion", "by-horizon", "scores")
_EVALUATIONS = (*SPLITS, "all")  # names of others have settings in them, such as the place of other data
_PRIVATE = ("command", "platform")  # of what is known of where a run was made
_PUBLIC = ("hf://", "https://")


def clean_run(run: Run, to: Path, write_more: Callable[[Run], None] = lambda clean: None, *, bare: bool = False) -> Run:
    """Copy a run to a new folder, as others may have it; `MANIFEST.json` there lists its files.

    Args:
        run: The run; it has weights.
        to: The folder; there is none yet, or it is empty.
        write_more: Writes what else is to be in the copy.
        bare: Leave out figures, and what floors know of single examples, even of drawn ones.

    Returns:
        The copy.

    Raises:
        InputError: The run has no weights, or damaged ones, or the folder holds something.
    """
    check_kept_weights(run.weights_file)
    if to.name in ("", ".."):
        to = to.resolve()
    if to.is_dir() and not any(to.iterdir()):
        to.rmdir()
    with making(to, f"writes {to}") as missing:
        if not missing:
            raise InputError("", f"{to} is there already; choose another folder with --to, or remove it")
        draft = to.with_name(f".{to.name}.draft")
        shutil.rmtree(draft, ignore_errors=True)  # what a killed process has left
        try:
            _fill(draft, run, bare)
            write_more(Run.open(draft))
            about = {"versions": run.environment["versions"], "recipe": run.environment["recipe"]}
            write_manifest(draft, {**about, "recipe_sha256": hash_of(draft / CONFIG)})
            draft.rename(to)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    return Run.open(to)


def _fill(folder: Path, run: Run, bare: bool) -> None:
    places, drawn = OwnPlaces(run.config, run.path), is_drawn(run.config) and not bare
    folder.mkdir(parents=True)
    recipe = yaml_lines.write(places.recipe(run.config))
    replace_file(folder / CONFIG, recipe)
    replace_file(folder / ENVIRONMENT, _as_json(_environment(run, places)))
    replace_file(folder / HASHES, f"{hash_of(run.weights_file)}\n")
    if run.metrics:
        replace_file(folder / METRICS, _as_json(_metrics(run, places)))
    for name in [SPEC, WEIGHTS, "history.csv", *([] if bare else _figures(run.path, drawn))]:
        if (run.path / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(run.path / name, folder / name)
    if (memory := memory_of(run.path)) is not None:
        kept = {name: one for name, one in memory.items() if drawn or name not in run.config.task.examples_in_memory}
        Run(folder, run.config, run.spec).keep_memory(kept)


def _environment(run: Run, places: OwnPlaces) -> dict[str, Any]:
    """Return what is told of where the run was made; of a run that it started from, its name or public address."""
    told = places.removed({name: value for name, value in run.environment.items() if name not in _PRIVATE})
    init = told.get("init")
    return {**told, "init": init if not init or init.startswith(_PUBLIC) else init.rpartition("/")[2]}


def _metrics(run: Run, places: OwnPlaces) -> dict[str, Any]:
    """Return the scores by the run's own settings; of these only remarks tell paths, and classes may look like some."""
    return {
        split: {name: places.removed(one) if name == "remarks" else one for name, one in scores.items()}
        for split, scores in run.metrics.items()
        if split in _EVALUATIONS
    }


def _figures(folder: Path, drawn: bool) -> Iterator[str]:
    """Yield the names of figures that show no examples; where these are drawn, of all."""
    for file in sorted((folder / "figures").rglob("*.png")):
        if file.parent.name in ("figures", *_EVALUATIONS) and (drawn or file.stem in _FIGURES_OF_NUMBERS):
            yield file.relative_to(folder).as_posix()


def is_drawn(config: Config) -> bool:
    """Say whether examples are made by this package, out of nothing of the user's."""
    given = {"root", "digits", "textures", "tfds"}
    return isinstance(config.data, DrawnData) and not any(getattr(config.data, name, None) for name in given)


def _as_json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
