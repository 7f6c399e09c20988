from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import Field, PositiveInt

from lstm_zoo.config import keys
from lstm_zoo.config.keys import Key, all_keys
from lstm_zoo.contracts import Section


class Inner(Section):
    """Keys within a key."""

    share: Annotated[float, Field(gt=0, le=1)] = 0.5
    """A share."""


class Fields(Section):
    """All that a section may hold."""

    answers: ClassVar[str] = "nothing"
    kind: Literal["mine"] = "mine"
    count: PositiveInt
    """How many, over
    two lines."""
    sides: tuple[Annotated[int, Field(ge=2)], ...] = (4, 8)
    """Sides."""
    place: Path | None = None
    """Where."""
    mode: Literal["a", "b"] = "a"
    """How."""
    inner: Inner = Inner()
    """More."""


def test_keys_are_told_in_words():
    assert list(keys._keys_of(Fields, "data", "mine")) == [
        Key("data", "mine", "count", "whole number above 0", "", "How many, over two lines."),
        Key("data", "mine", "sides", "list of whole number from 2", "[4, 8]", "Sides."),
        Key("data", "mine", "place", "path or null", "null", "Where."),
        Key("data", "mine", "mode", "`a` or `b`", "a", "How."),
        Key("data", "mine", "inner.share", "number above 0 to 1", "0.5", "A share."),
    ]


def test_every_key_says_what_it_means():
    assert not [key for key in all_keys() if not key.about]
