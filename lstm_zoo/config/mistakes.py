"""What pydantic finds wrong with a recipe, in the user's terms: place, what came, what was expected, nearest name."""

from __future__ import annotations

import types
from collections.abc import Mapping
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import ValidationError

from ..console.text import did_you_mean, shown
from ..contracts import Section
from .yaml_lines import Location, key_in_words

MOST_TOLD = 20


def explain(error: ValidationError, root: type[Section], origins: dict[Location, str]) -> list[str]:
    """Return one message a finding.

    Args:
        error: What pydantic raised for the whole recipe.
        root: The class of the whole recipe.
        origins: Where each setting was written.
    """
    said = []
    for finding in error.errors()[: MOST_TOLD + 1]:
        location, owner = _resolve(finding["loc"], root)
        if finding["type"] == "union_tag_invalid":
            location = (*location, "kind")
        where = nearest_origin(origins, location)
        key = ".".join(map(key_in_words, location))
        said.append(f"{where}: {key}: {_say(dict(finding), owner)}")
    return said


def _resolve(loc: Location, root: type[Section]) -> tuple[Location, type[Section] | None]:
    """Drop the union tags from pydantic's location, and find the section that owns its last key."""
    current: Any = root
    owner: type[Section] | None = None
    location: list[str | int] = []
    for part in loc:
        options = sections_in(current)
        tagged = [option for option in options if len(options) > 1 and _tag(option) == part]
        if tagged:
            current = tagged[0]
            continue
        owner = options[0] if len(options) == 1 else None
        location.append(part)
        field = owner.model_fields.get(str(part)) if owner else None
        current = field.annotation if field else None
    return tuple(location), owner


def chosen_section(annotation: Any, values: Mapping[str, Any]) -> type[Section] | None:
    """Return the class of a section that was written for a setting; None where there is none, or no such kind."""
    options = sections_in(annotation)
    return options[0] if len(options) == 1 else next((one for one in options if _tag(one) == values.get("kind")), None)


def sections_in(annotation: Any) -> list[type[Section]]:
    """Return the classes of sections that a setting may hold."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return [annotation]
    if get_origin(annotation) in (Union, types.UnionType, Annotated):
        return [section for part in get_args(annotation) for section in sections_in(part)]
    return []


def _tag(section: type[Section]) -> str | None:
    return section.model_fields["kind"].default if "kind" in section.model_fields else None


def _say(finding: dict[str, Any], owner: type[Section] | None) -> str:
    kind, given, context = finding["type"], finding["input"], finding.get("ctx", {})
    name = str(finding["loc"][-1])
    if kind == "extra_forbidden":
        fields = list(owner.model_fields) if owner else []
        near = did_you_mean(name, fields)
        return f"unknown key{near}; valid here: {', '.join(fields)}" if fields else f"unknown key{near}"
    if kind == "missing":
        return "is missing"
    if kind == "union_tag_not_found":
        got = "no `kind`" if isinstance(given, dict) else f"{shown(given)}"
        return f"expected a section with `kind:` ({context['discriminator']}), got {got}"
    if kind == "union_tag_invalid":
        valid = [tag.strip("' ") for tag in context["expected_tags"].split(",")]
        return f"got {shown(context['tag'])}{did_you_mean(context['tag'], valid)}; valid kinds: {', '.join(valid)}"
    if kind == "literal_error":
        valid = [text.strip("' ") for text in context["expected"].replace(" or ", ", ").split(",")]
        return f"got {shown(given)}{did_you_mean(str(given), valid)}; expected one of: {', '.join(valid)}"
    if kind in ("model_type", "model_attributes_type"):
        return f"expected a section with keys below it, got {shown(given)}"
    return f"got {shown(given)}; {_lower_first(finding['msg'].removeprefix('Value error, '))}"


def nearest_origin(origins: dict[Location, str], location: Location) -> str:
    """Return where a setting, or the nearest section around it, was written; nothing where it was not."""
    while location and location not in origins:
        location = location[:-1]
    return origins.get(location, "")


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]
