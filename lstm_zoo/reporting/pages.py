"""Self-contained pages from templates."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import jinja2

from ..console.visible import visible


def render(template: str, **values: Any) -> str:
    """Return a page; its templates want a `title`, and what the page is `about` in a word or two.

    Text of strangers is no markup in it, and what turns or hides letters is written out.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=lambda value: visible(value, lines=True) if type(value) is str else value,
    )
    return environment.get_template(template).render(made=f"{datetime.now():%Y-%m-%d %H:%M}", **values)
