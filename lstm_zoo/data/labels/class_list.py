"""The classes of label maps, from a list of their names."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from ...console.text import did_you_mean
from ...contracts import InputError, LabelMap
from ...contracts.labels import VOID
from ..pipeline.finding import read_text


class ClassList(NamedTuple):
    """The classes of a data set, and how its label files number them."""

    names: tuple[str, ...]
    """Name of each class, in the order of its number from 0 to K - 1."""
    numbers: dict[int, int]
    """What each number in the label files stands for: a class, or VOID."""

    @property
    def target(self) -> LabelMap:
        """The kind of target that they make."""
        own = {label: number for number, label in self.numbers.items()}
        numbers = tuple(own[label] for label in range(len(self.names)))
        return LabelMap(names=self.names, numbers=() if numbers == tuple(range(len(numbers))) else numbers)


def read_classes(file: Path, void: int | str | None) -> ClassList:
    """Read the names of the classes: one a line, in the order of their numbers in the label files, from 0.

    Blank lines do not count. What `void` leaves out gets no number, so that classes behind it move up.

    Args:
        file: Text file.
        void: What stands for 'no class': a number (also one beyond the list, such as 255 or -1), or one of the names
            in upper or lower case; None: nothing does.

    Raises:
        InputError: A name stands twice, fewer than 2 or more than 255 classes are left, or none is called `void`.
    """
    names: list[str] = []
    lines: dict[str, int] = {}
    for line, text in enumerate(read_text(file, "data.classes").splitlines(), 1):
        name = " ".join(text.split())
        if not name:
            continue
        first = lines.setdefault(name.casefold(), line)
        if first != line:
            raise InputError(
                "data.classes",
                f"{file}:{line}: the class '{name}' stands in line {first} already; name each class once",
            )
        names.append(name)
    left_out = _void_number(names, void, file)
    kept = [number for number in range(len(names)) if number != left_out]
    if not 2 <= len(kept) <= VOID:
        raise InputError(
            "data.classes",
            f"{file} names {len(kept)} class{'es' * (len(kept) != 1)}{' besides void' * (len(kept) < len(names))}; "
            f"expected 2 to {VOID}, one name a line",
        )
    numbers = {number: label for label, number in enumerate(kept)}
    if left_out is not None:
        numbers[left_out] = VOID
    return ClassList(tuple(names[number] for number in kept), numbers)


def _void_number(names: list[str], void: int | str | None, file: Path) -> int | None:
    """Return the number that stands for no class."""
    if not isinstance(void, str):
        return void
    for number, name in enumerate(names):
        if name.casefold() == void.strip().casefold():
            return number
    raise InputError(
        "data.void",
        f"{file} names no class '{void}'{did_you_mean(void, names)}; expected one of {', '.join(names)}, a number, or "
        "null",
    )
