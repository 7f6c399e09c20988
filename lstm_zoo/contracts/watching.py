"""What is told of a stream, frame after frame, while it runs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, NamedTuple

from .answers import Outputs, Result


class Told(NamedTuple):
    """What is told of a stream at one of its frames."""

    facts: dict[str, Any] = {}
    """What there is to say of the frame, ready for JSON; empty: nothing new."""
    text: str = ""
    """The same for people, on one line; empty: nothing that is worth one."""
    so_far: dict[str, Any] = {}
    """What there is to say of the whole stream if it ends here, ready for JSON."""
    text_so_far: str = ""
    """The same for people."""


class Watcher(ABC):
    """Says what a stream shows, frame after frame; what it holds does not grow with the stream."""

    @abstractmethod
    def see(self, seconds: float, outputs: Outputs | None) -> Told:
        """Take what a network makes of a stream up to a frame.

        Args:
            seconds: When the frame is shown; the first one at 0.
            outputs: Without the batch axis; None: the network needs more frames before this one.
        """


class Changes(Watcher):
    """Tells the answer to a stream wherever it is another than before.

    Args:
        result: Makes an answer for people of outputs.
    """

    def __init__(self, result: Callable[[Outputs], Result]):
        self._result, self._before = result, None

    def see(self, seconds: float, outputs: Outputs | None) -> Told:
        """Return the answer, if it has changed."""
        result = None if outputs is None else self._result(outputs)
        if result is None or result.answer == self._before:
            return Told()
        self._before = result.answer
        first, *_ = result.text.splitlines()
        return Told(result.facts, " ".join(first.split()))
