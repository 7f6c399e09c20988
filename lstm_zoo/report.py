"""The report of a run: one self-contained page, and the same figures as PNG files."""

from __future__ import annotations

import base64
import csv
import io
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
from matplotlib.figure import Figure

from . import figures as draw
from .contracts import Splits
from .tables import plain_figures

if TYPE_CHECKING:
    from .run import Run


def write_report(run: Run, splits: Splits, split: str, name: str, outputs: Any) -> Path:
    """Write `report.html` and `figures/*.png` from an evaluation.

    Args:
        run: The run.
        splits: The data.
        split: The split that was evaluated.
        name: Under what name its figures are kept.
        outputs: The network's outputs for each example.
    """
    folder = run.path / "figures"
    folder.mkdir(exist_ok=True)
    for old in folder.glob(f"{name}-*.png"):  # there may be fewer of them now
        old.unlink()
    images: dict[str, str] = {}
    for title, file, figure in _figures(run, splits, split, name, outputs):
        png = io.BytesIO()
        draw.save(figure, png)
        (folder / f"{file}.png").write_bytes(png.getvalue())
        images[title] = base64.b64encode(png.getvalue()).decode()
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=jinja2.StrictUndefined
    )
    page = environment.get_template("report.html.jinja").render(
        title=run.path.name,
        name=name,
        made=f"{datetime.now():%Y-%m-%d %H:%M}",
        floors=list(dict.fromkeys(floor for figures in run.metrics.values() for floor in figures.get("floors", ()))),
        metrics=list(_table(run.metrics)),
        per_class=run.config.task.per_class,
        classes=run.metrics[name].get("per_class", {}),
        images=images,
        config=run.config.to_yaml(),
    )
    path = run.path / "report.html"
    path.write_text(page, encoding="utf-8")
    return path


def _figures(run: Run, splits: Splits, split: str, name: str, outputs: Any) -> Iterator[tuple[str, str, Figure]]:
    """Yield title, file name and figure."""
    yield f"Result against floor ({name})", f"{name}-floor", draw.result_against_floors(run.metrics[name])
    history = run.path / "history.csv"
    if history.is_file():
        with history.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        if rows:
            yield "Learning curves", "learning_curves", draw.learning_curves(rows)
    for title, file, figure in run.config.task.figures(outputs, splits, split):
        yield f"{title} ({name})", f"{name}-{file}", figure


def _table(metrics: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield one row an evaluation and figure, with its floors."""
    for split, figures in metrics.items():
        for name in plain_figures(figures):
            floors = {title: floor[name] for title, floor in figures.get("floors", {}).items() if name in floor}
            yield {
                "split": split,
                "name": name,
                "value": figures[name],
                "floors": floors,
                "examples": figures["examples"],
            }
