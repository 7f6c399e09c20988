"""YAML with memory: the values of a file and the line on which each of them stands.

PyYAML alone keeps the last of two equal keys in silence and forgets where a value came from; both would cost
the user an afternoon.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

Location = tuple[str | int, ...]


class YamlError(ValueError):
    """A file that is no readable YAML mapping; one message a mistake, each with file and line."""

    def __init__(self, messages: list[str]):
        super().__init__("\n".join(messages))
        self.messages = messages


def read(path: Path) -> tuple[dict[str, Any], dict[Location, int]]:
    """Read a YAML mapping and the line of every key in it.

    Args:
        path: The file.

    Returns:
        The values, and for each location such as `("data", "root")` its line, counted from 1.

    Raises:
        YamlError: The file is no YAML, holds a key twice, or is no mapping.
    """
    try:
        text = path.read_text(encoding="utf-8")
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except UnicodeDecodeError as error:
        raise YamlError([f"{path}: is not UTF-8 text ({error.reason} at byte {error.start})"]) from None
    except yaml.MarkedYAMLError as error:
        context = f" ({error.context})" if error.context else ""
        raise YamlError([f"{path}:{_line(error)}: not valid YAML: {error.problem}{context}"]) from None
    except yaml.YAMLError as error:
        raise YamlError([f"{path}: not valid YAML: {error}"]) from None
    if not isinstance(node, yaml.MappingNode):
        raise YamlError([f"{path}: expected sections such as `data:` and `model:`, got {_kind(node)}"])
    lines: dict[Location, int] = {}
    doubled: list[str] = []
    try:
        _walk(node, (), lines, doubled)
    except RecursionError:
        raise YamlError([f"{path}: an alias (*name) contains itself; write it out"]) from None
    if doubled:
        raise YamlError([f"{path}:{message}" for message in doubled])
    try:
        return yaml.safe_load(text), lines
    except yaml.MarkedYAMLError as error:  # a tag such as !!python/object, or a key that cannot be hashed
        raise YamlError([f"{path}:{_line(error)}: not allowed in a config: {error.problem}"]) from None


def _line(error: yaml.MarkedYAMLError) -> int:
    """Return the line on which the trouble starts: that of an opening bracket, not the end of the file."""
    mark = error.context_mark or error.problem_mark
    return mark.line + 1 if mark else 1


def _walk(node: yaml.Node, location: Location, lines: dict[Location, int], doubled: list[str]) -> None:
    if isinstance(node, yaml.MappingNode):
        for key_node, value_node in node.value:
            here = (*location, str(key_node.value))
            line = key_node.start_mark.line + 1
            if here in lines:
                doubled.append(f"{line}: key '{here[-1]}' stands twice (first on line {lines[here]}); keep one of them")
            lines[here] = line
            _walk(value_node, here, lines, doubled)
    elif isinstance(node, yaml.SequenceNode):
        for index, value_node in enumerate(node.value):
            lines[(*location, index)] = value_node.start_mark.line + 1
            _walk(value_node, (*location, index), lines, doubled)


def _kind(node: yaml.Node | None) -> str:
    if node is None:
        return "an empty file"
    return "a list" if isinstance(node, yaml.SequenceNode) else f"the text {node.value!r}"
