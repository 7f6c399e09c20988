"""YAML with memory: the values of a file and the line on which each of them stands.

PyYAML alone keeps the last of two equal keys in silence and forgets where a value came from; both would cost
the user an afternoon. It also has no limits, and a config may come from a stranger: a file has at most 256 KiB, 10,000
values and 20 levels. An alias (`*name`, also behind `<<`) counts as all that it stands for.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from ..console.visible import visible
from .plain_values import POWER_OF_TEN, plain_value, tag_name

Location = tuple[str | int, ...]

MOST_BYTES = 256 * 2**10
MOST_VALUES = 10_000
MOST_LEVELS = 20
_SHOWN = 60  # letters of a key, in messages
_MERGE = "tag:yaml.org,2002:merge"


class YamlError(ValueError):
    """A file that is no readable YAML mapping; one message a mistake, each with file and line."""

    def __init__(self, messages: list[str]):
        super().__init__("\n".join(messages))
        self.messages = messages


class _Stop(ValueError):
    """A limit is passed: what is told, with line and key."""


def read(path: Path) -> tuple[dict[str, Any], dict[Location, int]]:
    """Read a YAML mapping and the line of every key in it.

    Args:
        path: The file.

    Returns:
        The values, and for each location such as `("data", "root")` its line, counted from 1.

    Raises:
        YamlError: The file is no YAML, holds a key twice or what is no plain value, is too large, or no mapping.
    """
    with path.open("rb") as file:
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise YamlError(
            [f"{path}:1: is larger than {MOST_BYTES // 2**10} KiB, which no recipe needs; is it another file?"]
        )
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise YamlError([f"{path}:{line}: is not UTF-8 text ({error.reason} at byte {error.start})"]) from None
    try:
        node = _compose(text)
        if not isinstance(node, yaml.MappingNode):
            raise YamlError([f"{path}:1: expected sections such as `data:` and `model:`, got {_kind(node)}"])
        values = _Values()
        found = values.of(node, ())
    except _Stop as error:
        raise YamlError([f"{path}:{error}"]) from None
    if values.mistakes:
        raise YamlError([f"{path}:{message}" for message in values.mistakes])
    return found, values.lines


def read_value(text: str) -> Any:
    """Return what a piece of YAML stands for, such as the value of a setting.

    Raises:
        ValueError: It is no YAML, or holds what a file may not hold; tells why.
    """
    if text in ("|", ">"):  # to YAML, these begin a block
        return text
    values = _Values()
    try:
        node = _compose(text)
        value = None if node is None else values.of(node, ())
    except _Stop as error:
        values.mistakes.append(str(error))
    if values.mistakes:
        raise ValueError(values.mistakes[0].partition(": ")[2])  # without its line
    return value


def write(values: Any) -> str:
    """Return the text of a YAML file that `read` reads as the same values."""
    return yaml.dump(values, Dumper=_Dumper, sort_keys=False, allow_unicode=True)


class _Loader(yaml.SafeLoader):
    """Makes nodes as far as the limits go; deeper ones would end in Python's own limit."""

    def __init__(self, text: str):
        super().__init__(text)
        self._count = 0
        self._place: list[Any] = []

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        self._count += index is not None  # a value, no key
        self._place.append(index.value if isinstance(index, yaml.ScalarNode) else index)
        location = [part for part in self._place if isinstance(part, str | int)]
        _check_limits(self.peek_event().start_mark.line + 1, location, len(self._place) - 1, self._count)
        node = super().compose_node(parent, index)  # type: ignore[arg-type]
        self._place.pop()
        return node


class _Dumper(yaml.SafeDumper):
    """Puts text in quotes that would be read as something else."""


for _class in (_Loader, _Dumper):
    _class.add_implicit_resolver("tag:yaml.org,2002:float", POWER_OF_TEN, list("-+.0123456789"))


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    """Return text; in the quotes that know escapes where it needs them, for PyYAML does not always see that."""
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if text.isprintable() else '"')


_Dumper.add_representer(str, _text)


def _compose(text: str) -> yaml.Node | None:
    try:
        loader = _Loader(text)
        return loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        context = f" ({error.context})" if error.context else ""
        raise _Stop(f"{_line(error)}: not valid YAML: {error.problem}{context}") from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise _Stop(f"{line}: not valid YAML: the character U+{error.character:04X} is not allowed") from None
    except _Stop:
        raise
    except Exception as error:  # PyYAML lets through what int() and chr() say of \UFFFFFFFF or %YAML 1.999...
        raise _Stop(f"1: not valid YAML: {error}") from None


class _Values:
    """What nodes stand for, with the line of each key and what is wrong."""

    def __init__(self):
        self.lines: dict[Location, int] = {}
        self.mistakes: list[str] = []
        self._count = 0

    def of(self, node: yaml.Node, location: Location, level: int = 0) -> Any:
        """Return what a node stands for."""
        line = node.start_mark.line + 1
        self._count += 1
        _check_limits(
            self.lines.get(location[:1], line), location, level, self._count
        )  # aliases know not where they stand
        if isinstance(node, yaml.MappingNode) and node.tag.endswith(":map"):
            return self._mapping(node, location, level)
        if isinstance(node, yaml.SequenceNode) and node.tag.endswith(":seq"):
            self.lines.update({(*location, index): one.start_mark.line + 1 for index, one in enumerate(node.value)})
            return [self.of(one, (*location, index), level + 1) for index, one in enumerate(node.value)]
        try:
            if not isinstance(node, yaml.ScalarNode):
                raise ValueError(f"the tag {tag_name(node)} is not allowed in a config")
            return plain_value(node)
        except ValueError as error:
            self.mistakes.append(f"{line}: {_key(location)}{error}")

    def _mapping(self, node: yaml.MappingNode, location: Location, level: int) -> dict[str, Any]:
        """Return a mapping; what is merged into it (`<<`) comes first, so that its own keys count."""
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if key_node.tag == _MERGE:
                for one in self._merged(value_node, location):
                    for key, value in self.of(one, location, level + 1).items():
                        found.setdefault(key, value)
        own: dict[str, int] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                self.mistakes.append(f"{line}: {_key(location)}not allowed in a config: a key that is no word")
                continue
            key, here = key_node.value, (*location, key_node.value)
            if key in own:
                once = f"key '{key_in_words(key)}' stands twice (first on line {own[key]}); keep one of them"
                self.mistakes.append(f"{line}: {once}")
            own[key] = line
            if key_node.tag != _MERGE:
                self.lines[here] = line
                found[key] = self.of(value_node, here, level + 1)
        return found

    def _merged(self, node: yaml.Node, location: Location) -> Iterator[yaml.MappingNode]:
        """Yield what is behind `<<`: a mapping, or a list of them."""
        for one in node.value if isinstance(node, yaml.SequenceNode) else [node]:
            if isinstance(one, yaml.MappingNode):
                yield one
            else:
                self.mistakes.append(f"{one.start_mark.line + 1}: {_key(location)}<< takes mappings, as in <<: *name")


def _check_limits(line: int, location: Any, level: int, count: int) -> None:
    if level > MOST_LEVELS:
        raise _Stop(
            f"{line}: {_key(location)}stands more than {MOST_LEVELS} levels deep; does an alias contain itself?"
        )
    if count > MOST_VALUES:
        what = f"a config has at most {MOST_VALUES:,} values, with each alias (*name) as all that it stands for"
        raise _Stop(f"{line}: {_key(location)}{what}")


def _key(location: Any) -> str:
    """Return a location for the start of a message."""
    parts = [key_in_words(part) for part in location]
    shown = parts if len(parts) <= 6 else [*parts[:5], "..."]
    return f"{'.'.join(shown)}: " if parts else ""


def key_in_words(key: str | int) -> str:
    """Return a key as messages show it: no more than tells it, and on one line."""
    return visible(str(key)[:_SHOWN])


def _line(error: yaml.MarkedYAMLError) -> int:
    """Return the line on which the trouble starts: that of an opening bracket, not the end of the file."""
    mark = error.context_mark or error.problem_mark
    return mark.line + 1 if mark else 1


def _kind(node: yaml.Node | None) -> str:
    if node is None:
        return "an empty file"
    return "a list" if isinstance(node, yaml.SequenceNode) else f"the text {node.value[:_SHOWN]!r}"
