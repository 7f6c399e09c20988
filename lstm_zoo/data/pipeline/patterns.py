"""Regular expressions of recipes, which may come from strangers: some never end."""

from __future__ import annotations

import re
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, NoReturn

from pydantic import AfterValidator

from ...contracts import InputError

_SECONDS, _OF_EACH = 0.5, 2e-5  # of this process's work, and more for each name: ten times what is usual


def _with_group(pattern: str) -> str:
    try:
        groups = re.compile(pattern).groups
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"is no regular expression: {error}") from None
    if groups < 1:
        raise ValueError("needs one group in parentheses, such as '_g(\\d+)_'")
    return pattern


GroupPattern = Annotated[str, AfterValidator(_with_group)]
"""A regular expression with a group."""


def find_groups(pattern: str, names: Sequence[str], key: str) -> list[str]:
    """Return the first group of a pattern in each name.

    Args:
        pattern: A regular expression.
        names: What it is looked for in.
        key: The setting to name in errors.

    Raises:
        InputError: It finds none in a name, or does not end.
    """
    groups: list[str] = []
    try:
        with _limited(_SECONDS + _OF_EACH * len(names)):
            for name in names:
                found = re.search(pattern, name)
                if not found or not found.group(1):
                    raise InputError(key, f"'{pattern}' finds no group in '{name}'")
                groups.append(found.group(1))
    except TimeoutError:
        raise InputError(
            key,
            f"'{pattern}' does not end in '{names[len(groups)]}'; it can match one text in too many ways, mostly by a "
            "repetition within a repetition: write it so that each letter can be taken in one way only",
        ) from None
    return groups


@contextmanager
def _limited(seconds: float) -> Iterator[None]:
    """Raise a TimeoutError inside after a while: `re` lets signals interrupt it, and nothing else."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return

    def stop(*_: object) -> NoReturn:
        raise TimeoutError

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
