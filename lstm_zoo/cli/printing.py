"""How commands print: tables and text for people, or one JSON object."""

from __future__ import annotations

import json
from typing import Any

from ..console.visible import console, visible


def show(what: Any) -> None:
    """Print for people: text as lines, tables through rich; what strangers wrote moves no cursor."""
    if isinstance(what, str):
        print(visible(what, lines=True))
    else:
        console().print(what)


def show_json(value: dict[str, Any]) -> None:
    """Print one JSON object on one line."""
    print(visible(json.dumps(value, ensure_ascii=False)))
