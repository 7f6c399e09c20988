"""Every key that a recipe may set, as its class tells it: what it takes, its default, what it means."""

from __future__ import annotations

import inspect
import json
import types
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from ..contracts import Section
from .kinds import kind_of, kinds
from .train_config import TrainConfig

_KINDS = {"data": "data", "model": "models", "task": "tasks"}
"""Sections whose keys depend on `kind`, and where their kinds stand among all."""
_TYPES = {bool: "true or false", int: "whole number", float: "number", str: "text", Path: "path"}


class Key(NamedTuple):
    """A key of a recipe."""

    section: str
    """`data`, `model`, `task` or `train`."""
    kind: str
    """The kind that has it; empty: the section has no kinds."""
    name: str
    """Its path in the section: `clip.size`."""
    takes: str
    """Values, in words."""
    default: str
    """What holds where it is left out, as YAML; empty: it has to be set."""
    about: str
    """What it means."""


def all_keys() -> Iterator[Key]:
    """Yield the keys of all kinds, section by section."""
    for section, group in _KINDS.items():
        for kind in getattr(kinds(), group):
            yield from _keys_of(kind, section, kind_of(kind))
    yield from _keys_of(TrainConfig, "train", "")


def _keys_of(fields: type[Section], section: str, kind: str, before: str = "") -> Iterator[Key]:
    for name, field in fields.model_fields.items():
        if name == "kind" and len(_alternatives(field.annotation)) == 1 and len(get_args(field.annotation)) == 1:
            continue  # it stands in front
        inner = [one for one in _alternatives(field.annotation) if inspect.isclass(one) and issubclass(one, Section)]
        if not inner:
            about = " ".join((field.description or "").split())
            yield Key(section, kind, before + name, _takes(field), _default(field), about)
        for one in inner:
            which = f"{name}[{kind_of(one)}]" if len(inner) > 1 else name
            yield from _keys_of(one, section, kind, f"{before}{which}.")


def _alternatives(annotation: Any) -> tuple[Any, ...]:
    """Return the types that a value may have."""
    if get_origin(annotation) is Annotated:
        return _alternatives(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return tuple(one for of in get_args(annotation) for one in _alternatives(of))
    return (annotation,)


def _takes(field: FieldInfo) -> str:
    return _in_words(Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation)


def _in_words(annotation: Any) -> str:
    """Return what values a type allows."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        limits = [one for part in inner[1:] for one in (part.metadata if isinstance(part, FieldInfo) else [part])]
        return " ".join((_in_words(inner[0]), *filter(None, map(_bound, limits))))
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(map(_in_words, inner)))
    if origin is Literal:
        return " or ".join(f"`{one}`" for one in inner)
    if origin in (tuple, list):
        one = _in_words(inner[0])
        return f"list of {one}" if Ellipsis in inner or origin is list else f"[{', '.join([one] * len(inner))}]"
    if origin in (dict, Mapping):
        return f"{_in_words(inner[0])}: {_in_words(inner[1])}"
    return "null" if annotation is type(None) else _TYPES.get(annotation, "text")


def _bound(limit: Any) -> str:
    """Return a limit of a number in words, or nothing."""
    words = {"ge": "from", "gt": "above", "le": "to", "lt": "below"}
    return " ".join(f"{word} {getattr(limit, name)}" for name, word in words.items() if hasattr(limit, name))


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return ""
    value = field.get_default(call_default_factory=True)
    return json.dumps(value, default=str, ensure_ascii=False) if not isinstance(value, str) else value
