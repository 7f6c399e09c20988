"""How commands print: tables and text for people, or one JSON object."""

from __future__ import annotations

import json
from typing import Any


def show(what: Any) -> None:
    """Print for people: text as it is, tables through rich."""
    if isinstance(what, str):
        print(what)
    else:
        from rich.console import Console

        Console().print(what)


def show_json(value: dict[str, Any]) -> None:
    """Print one JSON object."""
    print(json.dumps(value, ensure_ascii=False))
