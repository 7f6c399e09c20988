"""Which settings are no numbers though pydantic takes them for some: true, quoted text; and which are beyond all sizes.

Python's own callers may pass what they like; a recipe's `epochs: yes` is a mistake, and not one epoch.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, Literal, get_args, get_origin

from ..console.text import size_in_words
from ..contracts import Section
from .mistakes import chosen_section

_LARGEST_FLOAT = 3.4e38
_LARGEST = 2**32  # of seeds; all other whole numbers count what takes memory or time


def wrong_numbers(
    values: Mapping[str, Any], section: type[Section], location: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield where a setting would be misread as a number, or is too large, and what is wrong.

    Args:
        values: What was written in a section.
        section: Its class.
        location: Where it stands.
    """
    for name, field in section.model_fields.items():
        value, here = values.get(name), (*location, name)
        if isinstance(value, Mapping):
            if inner := chosen_section(field.annotation, value):
                yield from wrong_numbers(value, inner, here)
        elif (kinds := _kinds(field.annotation)) & {int, float}:
            for one in value if isinstance(value, list) else [value]:
                if wrong := _wrong(one, kinds):
                    yield here, wrong


def _wrong(value: Any, kinds: set[Any]) -> str:
    """Return what is wrong with a value where numbers are expected; nothing where pydantic says it, or all is well."""
    if isinstance(value, bool):
        return "" if bool in kinds else f"got {value}; expected a number: yes, no, on, off, true and false are none"
    if isinstance(value, int) and abs(value) > _LARGEST:
        takes = size_in_words(4 * abs(value))
        return f"got {value:,}; expected at most {_LARGEST:,}: so many numbers of 4 bytes take {takes} of memory"
    if isinstance(value, float) and _LARGEST_FLOAT < abs(value) < math.inf:
        return f"got {value:g}; expected at most {_LARGEST_FLOAT:g}: networks compute with float32 numbers"
    if isinstance(value, str) and str not in kinds and _reads_as_number(value):
        return f"got '{value}', which is text; expected a number, without quotes and without zeros in front"
    return ""


def _reads_as_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _kinds(annotation: Any) -> set[Any]:
    """Return the types that values of an annotation are made of."""
    if get_origin(annotation) is Literal:
        return {type(one) for one in get_args(annotation)}
    parts = [part for part in get_args(annotation) if isinstance(part, type) or get_origin(part)]
    return set().union(*map(_kinds, parts)) if parts else {annotation}
