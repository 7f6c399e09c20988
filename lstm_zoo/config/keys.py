"""Every key that a recipe may set, as its class tells it: what it takes, its default, what it means."""

from __future__ import annotations

import json
import types
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from ..console.text import did_you_mean
from ..contracts import InputError, Section
from .kinds import kind_of, kinds
from .mistakes import sections_in
from .train_config import TrainConfig

_TYPES = {
    bool: "true or false",
    int: "whole number",
    float: "number",
    str: "text",
    Path: "path",
    Any: "anything",
    type(None): "null",
}


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
    for section, of_section in zip(("data", "model", "task"), kinds(), strict=True):
        for kind in of_section:
            yield from _keys_of(kind, section, kind_of(kind))
    yield from _keys_of(TrainConfig, "train", "")


def keys_of(name: str) -> list[Key]:
    """Return the keys of a kind, or of `train`.

    Raises:
        InputError: There is no such kind.
    """
    by_name: dict[str, list[Key]] = defaultdict(list)
    for key in all_keys():
        by_name[key.kind or key.section].append(key)
    if name not in by_name:
        raise InputError("", f"there is no kind '{name}'{did_you_mean(name, by_name)}; `lstmzoo list` names them")
    return by_name[name]


def _keys_of(fields: type[Section], section: str, kind: str, before: str = "", where: str = "") -> Iterator[Key]:
    """Yield the keys of a section's class; `where` tells of which of several sections in one place they are."""
    for name, field in fields.model_fields.items():
        if name == "kind" and get_args(field.annotation) == (field.default,):
            continue  # it is told with the section
        inner = sections_in(field.annotation)
        if len(inner) != 1:
            about = " ".join((field.description or "").split())
            yield Key(section, kind, before + name, _takes(field) + where, _default(field), about)
        for one in inner:
            of_kind = f" (kind: {kind_of(one)})" if len(inner) > 1 else where
            yield from _keys_of(one, section, kind, f"{before}{name}.", of_kind)


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
    return f"{{kind: {kind_of(annotation)}, ...}}" if annotation not in _TYPES else _TYPES[annotation]


def _bound(limit: Any) -> str:
    """Return a limit of a number in words, or nothing."""
    words = {"ge": "from", "gt": "above", "le": "to", "lt": "below"}
    return " ".join(f"{word} {getattr(limit, name)}" for name, word in words.items() if hasattr(limit, name))


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return ""
    value = field.get_default(call_default_factory=True)
    if isinstance(value, Section):
        return f"{{kind: {kind_of(type(value))}}}"
    return value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)
