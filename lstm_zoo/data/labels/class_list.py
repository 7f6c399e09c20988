"""The classes of label maps, from a list of their names, with their numbers or colours."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

from ...console.text import did_you_mean
from ...contracts import InputError, LabelMap
from ...contracts.labels import VOID, Colour
from ..pipeline.finding import read_text

_NUMBERED = re.compile(r"(?P<name>.*\S)\s*:\s*(?P<key>-?\d+)")
_COLOUR = r"\d+\s*,\s*\d+\s*,\s*\d+"
_COLOURED = re.compile(rf"(?P<name>.*?\S)\s*:\s*[\[(]?\s*(?P<key>{_COLOUR})\s*[\])]?(:.*)?")  # CVAT's, too
_COLOUR_FIRST = re.compile(r"(?P<key>\d+(\s*,\s*|\s+)\d+(\s*,\s*|\s+)\d+)[\s,]+(?P<name>[^\d\s,].*)")  # CamVid's
_CELLS = re.compile(r"(?P<name>.*[^\s\d,;=].*?)\s*[,;=\t]\s*(?P<key>-?\d+(\s*[,;\t]\s*\d+\s*[,;\t]\s*\d+)?)")
_COLOUR_LAST = re.compile(r"(?P<name>.*[^\s\d].*?)\s+(?P<key>\d+\s+\d+\s+\d+)")
_NUMBER_FIRST = re.compile(r"(?P<key>-?\d+)\s*([:;,=.)]|\s)\s*(?P<name>[^\d\s].*)")
_HEADER = re.compile(r"(class(es)?|label|name|id|number|value|index|pixel)(_?(name|id))?\s*[,;\t].*", re.IGNORECASE)
_FORMS = (_COLOURED, _COLOUR_FIRST, _NUMBERED)
Key = TypeVar("Key")


class ClassList(NamedTuple):
    """The classes of a data set, and what stands for them in its label files."""

    names: tuple[str, ...]
    """Name of each class, in the order of its number from 0 to K - 1."""
    numbers: dict[int, int]
    """What each number in the label files stands for: a class, or VOID."""
    colours: dict[Colour, int] = {}
    """The same of colours, where these tell the classes; numbers tell nothing then."""

    @property
    def target(self) -> LabelMap:
        """The kind of target that they make."""
        numbers, colours = _by_class(self.numbers), _by_class(self.colours)
        return LabelMap(
            names=self.names, numbers=() if numbers == tuple(range(len(numbers))) else numbers, colours=colours
        )


class _Line(NamedTuple):
    """A class as a line of the list has it."""

    line: int
    name: str
    key: int | Colour | None
    """Its number or colour; None: its place in the list is its number."""


def read_classes(file: Path, void: int | str | None) -> ClassList:
    """Read the names of the classes, one a line: in the order of their numbers in the label files, from 0.

    Behind a name may stand its number (`name: 7`) or colour (`name: [128, 0, 0]`, also as CVAT and CamVid write it), in
    all lines or in none; numbers may also come first in all lines (`7 name`), and lists be tables (`name,7`,
    `name,r,g,b`), with a header or without. Blank lines do not count, nor do those that begin with #. What `void`
    leaves out gets no label, so that classes behind it move up.

    Args:
        file: Text file.
        void: What stands for 'no class': a number (also one beyond the list, such as 255 or -1), or one of the names
            in upper or lower case; None: nothing does.

    Raises:
        InputError: A name, number or colour stands twice, or lacks; fewer than 2 or more than 255 classes are left, or
            none is called `void`.
    """
    lines = list(_lines(file))
    _check_equals(file, lines)
    keys = [place if one.key is None else one.key for place, one in enumerate(lines)]
    left_out = _void_key(lines, keys, void, file)
    kept = [(key, one.name) for key, one in zip(keys, lines, strict=True) if key != left_out]
    if not 2 <= len(kept) <= VOID:
        raise InputError(
            "data.classes",
            f"{file} names {len(kept)} class{'es' * (len(kept) != 1)}{' besides void' * (len(kept) < len(lines))}; "
            f"expected 2 to {VOID}, one name a line",
        )
    meanings = {key: label for label, (key, _) in enumerate(kept)}
    if left_out is not None:
        meanings[left_out] = VOID
    return ClassList(
        tuple(name for _, name in kept),
        {key: label for key, label in meanings.items() if isinstance(key, int)},
        {key: label for key, label in meanings.items() if not isinstance(key, int)},
    )


def _lines(file: Path) -> Iterator[_Line]:
    """Yield the lines of a list that name a class."""
    numbered = enumerate(read_text(file, "data.classes").splitlines(), 1)
    lines = [(line, text.strip()) for line, text in numbered if text.strip() and not text.strip().startswith("#")]
    if lines and _HEADER.fullmatch(lines[0][1]) and any(_told(lines[1:])):
        del lines[0]
    for (line, text), found in zip(lines, _told(lines), strict=True):
        text = " ".join(text.split())
        if found is None:
            yield _Line(line, text, None)
            continue
        key = [int(number) for number in re.findall(r"-?\d+", found["key"])]
        if len(key) == 3 and max(key) > 255:
            raise InputError("data.classes", f"{file}:{line}: expected a colour, three numbers up to 255, got {text}")
        name = " ".join(found["name"].split())
        yield _Line(line, name, key[0] if len(key) == 1 else (key[0], key[1], key[2]))


def _told(lines: Sequence[tuple[int, str]]) -> list[re.Match[str] | None]:
    """Return name and key of each line, None where it has no key.

    What may be a name as well is taken for a key only where all lines are so, and their names differ.
    """
    texts = [text for _, text in lines]
    blanks = [" ".join(text.split()) for text in texts]
    found = [next(filter(None, (form.fullmatch(text) for form in _FORMS)), None) for text in blanks]
    if not any(found):
        for form in (_CELLS, _COLOUR_LAST, _NUMBER_FIRST):
            all_so = [form.fullmatch(text) for text in texts]
            if len({one["name"].casefold() for one in all_so if one}) == len(texts):
                return list(all_so)
    return found


def _check_equals(file: Path, lines: Sequence[_Line]) -> None:
    """Refuse a list that names something twice, or gives one class another kind of key than the first."""
    names: dict[str, int] = {}
    keys: dict[int | Colour, int] = {}
    for one in lines:
        if (first := names.setdefault(one.name.casefold(), one.line)) != one.line:
            raise InputError(
                "data.classes",
                f"{file}:{one.line}: the class '{one.name}' stands in line {first} already; name each class once",
            )
        if type(one.key) is not type(lines[0].key):
            kinds = {int: "a number", tuple: "a colour"}
            raise InputError(
                "data.classes",
                f"{file}:{one.line}: '{one.name}' has {kinds.get(type(one.key), 'neither number nor colour')}, but "
                f"'{lines[0].name}' has {kinds.get(type(lines[0].key), 'neither')}; give the same to all classes",
            )
        if one.key is not None and (first := keys.setdefault(one.key, one.line)) != one.line:
            raise InputError(
                "data.classes", f"{file}:{one.line}: {one.key} stands in line {first} already; expected one class each"
            )


def _void_key(
    lines: Sequence[_Line], keys: Sequence[int | Colour], void: int | str | None, file: Path
) -> int | Colour | None:
    """Return the number or colour that stands for no class."""
    if isinstance(void, int) and any(isinstance(key, tuple) for key in keys):
        raise InputError("data.void", f"is {void}, but {file} gives colours; name the class there that is void")
    if not isinstance(void, str):
        return void
    for key, one in zip(keys, lines, strict=True):
        if one.name.casefold() == void.strip().casefold():
            return key
    names = [one.name for one in lines]
    raise InputError(
        "data.void",
        f"{file} names no class '{void}'{did_you_mean(void, names)}; expected one of {', '.join(names)}, a number, or "
        "null",
    )


def _by_class(meanings: dict[Key, int]) -> tuple[Key, ...]:
    """Return what stands for each class, in their order."""
    own = {label: key for key, label in meanings.items() if label != VOID}
    return tuple(own[label] for label in range(len(own)))
