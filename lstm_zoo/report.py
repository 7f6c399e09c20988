"""The report of a run: one self-contained page, and the same figures as PNG files."""

from __future__ import annotations

import base64
import csv
import io
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
import numpy as np
from matplotlib.figure import Figure

from . import figures as draw
from .contracts import Splits

if TYPE_CHECKING:
    from .run import Run

_MOST_MISTAKES = 8


def write_report(run: Run, splits: Splits, split: str, name: str, outputs: np.ndarray) -> Path:
    """Write `report.html` and `figures/*.png` from an evaluation.

    Args:
        run: The run.
        splits: The data.
        split: The split that was evaluated.
        name: Under what name its figures are kept.
        outputs: Probabilities of each example, (examples, K).
    """
    folder = run.path / "figures"
    folder.mkdir(exist_ok=True)
    for old in folder.glob(f"mistake-{name}-*.png"):  # there may be fewer of them now
        old.unlink()
    images: dict[str, str] = {}
    for title, file, figure in _figures(run, splits, split, name, outputs):
        png = io.BytesIO()
        figure.savefig(png, format="png", dpi=110)
        draw.close(figure)
        (folder / f"{file}.png").write_bytes(png.getvalue())
        images[title] = base64.b64encode(png.getvalue()).decode()
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=jinja2.StrictUndefined
    )
    page = environment.get_template("report.html.jinja").render(
        title=run.path.name,
        name=name,
        made=f"{datetime.now():%Y-%m-%d %H:%M}",
        metrics=_table(run.metrics),
        classes=run.metrics[name].get("per_class", {}),
        images=images,
        config=run.config.to_yaml(),
    )
    path = run.path / "report.html"
    path.write_text(page, encoding="utf-8")
    return path


def _figures(run: Run, splits: Splits, split: str, name: str, outputs: np.ndarray) -> Iterator[tuple[str, str, Figure]]:
    """Yield title, file name and figure."""
    figures = run.metrics[name]
    yield f"Result against floor ({name})", f"floor-{name}", draw.result_against_floor(figures)
    history = run.path / "history.csv"
    if history.is_file():
        with history.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        if rows:
            yield "Learning curves", "learning_curves", draw.learning_curves(rows)
    yield (
        f"Confusion matrix ({name})",
        f"confusion-{name}",
        draw.confusion_matrix(figures["confusion"], run.spec.class_names),
    )
    yield from _mistakes(run, splits, split, name, outputs)


def _mistakes(
    run: Run, splits: Splits, split: str, name: str, outputs: np.ndarray
) -> Iterator[tuple[str, str, Figure]]:
    """Yield film strips of the wrong answers that the network was surest of."""
    from .evaluation import pick_examples

    targets, names = splits.targets(split), splits.names(split)
    predicted, confidence = outputs.argmax(axis=1), outputs.max(axis=1)
    wrong = [int(index) for index in np.argsort(-confidence) if predicted[index] != targets[index]][:_MOST_MISTAKES]
    clips = pick_examples(splits, split, wrong)
    for rank, index in enumerate(wrong, 1):
        truth, said = (run.spec.class_names[row[index]] for row in (targets, predicted))
        title = f"{names[index]}: {said} ({confidence[index]:.2f}), in truth {truth}"
        yield f"Mistake {rank}: {title}", f"mistake-{name}-{rank}", draw.film_strip(clips[index], title)


def _table(metrics: dict[str, Any]) -> list[dict[str, Any]]:
    """Return one row an evaluation and figure, with its floor."""
    return [
        {"split": split, "name": name, "value": figures[name], "floor": floor, "examples": figures["examples"]}
        for split, figures in metrics.items()
        for name, floor in figures["floor"].items()
    ]
