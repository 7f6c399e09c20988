"""The page of `data check`: what is in a data set, with examples as a network sees them."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..contracts import InputError, Survey
from ..disk.whole_files import replace_file
from .data_tables import class_rows, spread
from .examples import drawn, legend
from .pages import render

_BINS = 24
_PAIRS = 10


def write_data_page(file: Path, facts: Mapping[str, Any], survey: Survey) -> None:
    """Write what `check_facts` returned of a survey as one self-contained page.

    Raises:
        InputError: There can be no such file.
    """
    classes = class_rows(facts)
    examples = [drawn(example, survey.spec) for example in survey.examples] if survey.spec else []
    page = render(
        "data_page.html.jinja",
        title=facts["config"],
        about=f"check of the data ({facts['data']})",
        facts=facts,
        classes=classes,
        most=max((share for row in classes.values() for _, share in row), default=0) or 1,
        spread=spread,
        measures=list(_measures(facts)),
        near=(facts["near_training"] or [])[:_PAIRS],
        examples=[one._replace(panels=[base64.b64encode(panel).decode() for panel in one.panels]) for one in examples],
        legend=legend(survey.examples, survey.spec) if survey.spec else {},
    )
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        replace_file(file, page)
    except (IsADirectoryError, NotADirectoryError, FileExistsError) as error:
        raise InputError("--html", f"{file} cannot be written: {error.strerror}") from error


def _measures(facts: Mapping[str, Any]) -> Iterator[tuple[str, list[float]]]:
    """Yield each measure with the heights of the bars of its histogram, from 0 to 1; without, where all are equal."""
    for name in dict.fromkeys(name for file in facts["files"] for name in file["measures"]):
        values = [file["measures"][name] for file in facts["files"] if name in file["measures"]]
        counts = np.histogram(values, _BINS)[0]
        yield name, [] if min(values) == max(values) else (counts / counts.max()).tolist()
