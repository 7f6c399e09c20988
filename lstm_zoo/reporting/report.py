"""The report of a network: one self-contained page, and the same figures as PNG files."""

from __future__ import annotations

import base64
import csv
import shutil
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from ..console.text import first_line
from ..contracts import Figures, InputError
from ..disk.whole_files import replace_file
from ..tasks.figures.canvas import png_of
from .figures import learning_curves, result_against_floors
from .pages import render
from .tables import single_numbers


def write_report(
    folder: Path,
    *,
    title: str,
    name: str,
    metrics: Mapping[str, Any],
    config_yaml: str,
    of_classes: str,
    figures: Figures,
) -> Path:
    """Write `report.html` and its pictures: `figures/learning_curves.png`, and a folder there for the evaluation.

    Args:
        folder: Where the evaluations of a network are kept; the learning curves are drawn from its `history.csv`.
        title: What the network is called.
        name: Under what name the evaluation is kept.
        metrics: The scores of all evaluations, by name.
        config_yaml: The recipe.
        of_classes: What the score of each class is, such as `IoU of each class`.
        figures: What the task draws of this evaluation.
    """
    pictures = folder / "figures"
    shutil.rmtree(pictures / name, ignore_errors=True)  # there may be fewer of them now
    (pictures / name).mkdir(parents=True)
    images: dict[str, str] = {}
    floors = [(f"Result against floor ({name})", f"{name}/floor", result_against_floors(metrics[name]))]
    named = ((f"{heading} ({name})", f"{name}/{file}", figure) for heading, file, figure in figures)
    for heading, file, figure in chain(floors, _curves(folder), named):
        png = png_of(figure)
        replace_file(pictures / f"{file}.png", png)
        images[heading] = base64.b64encode(png).decode()
    page = render(
        "report.html.jinja",
        title=title,
        about=f"evaluated on {name}",
        name=name,
        floors=list(dict.fromkeys(floor for scores in metrics.values() for floor in scores["floors"])),
        metrics=list(_table(metrics)),
        of_classes=of_classes,
        classes=metrics[name].get("per_class", {}),
        remarks=metrics[name].get("remarks", []),
        images=images,
        config=config_yaml,
    )
    path = folder / "report.html"
    replace_file(path, page)
    return path


def _curves(folder: Path) -> Figures:
    """Yield the learning curves, if anything was learned here.

    Raises:
        InputError: They are damaged.
    """
    history = folder / "history.csv"
    if history.is_file():
        try:
            with history.open(newline="", encoding="utf-8") as file:
                curves = learning_curves(rows) if (rows := list(csv.DictReader(file))) else None
        except (ValueError, KeyError, TypeError, csv.Error) as error:
            raise InputError("", f"{history} is damaged ({first_line(error)}); restore it, or remove it") from None
        if curves is not None:
            yield "Learning curves", "learning_curves", curves


def _table(metrics: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield one row an evaluation and score, with its floors."""
    for split, scores in metrics.items():
        for name, value in single_numbers(scores).items():
            floors = {title: floor[name] for title, floor in scores["floors"].items() if name in floor}
            yield {"split": split, "name": name, "value": value, "floors": floors, "examples": scores["examples"]}
