"""Drawn lines: words and numbers in several type faces, slanted, faint and noisy. Made here, no download."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from ...contracts import SPLITS, InputError, Sample
from ...media.errors import MediaError
from ..pipeline.drawn import Count, DrawnData
from ..pipeline.family import Item, Record
from .line_config import LineConfig
from .line_data import LineData
from .line_drawing import draw_line, line_text

_TEXT, _PICTURE = 3, 4  # streams of random numbers, apart from one another
_LOWEST = 16  # height of a line, in pixels
_TRIES = 9  # to draw a line that is wide enough for its text


class DrawnLines(DrawnData, LineData):
    """Drawn lines of words and numbers in several type faces."""

    drawn_by: ClassVar[tuple[str, ...]] = ("longest", "seed")
    kind: Literal["drawn_lines"] = "drawn_lines"
    num_train: Count = 4000
    """Lines of the training split."""
    num_val: Count = 200
    """Lines of the validation split."""
    num_test: Count = 400
    """Lines of the test split."""
    line: LineConfig = LineConfig(height=32)
    """How the network sees lines."""
    longest: Annotated[int, Field(ge=8)] = 24
    """Most letters of a line."""

    def items_of(self, split: str, size: int) -> list[Item]:
        """Return the first lines of a split with their texts."""
        return _written(tuple(super().items_of(split, size)), self.longest, self.seed)

    def source_key(self, items: Mapping[str, Sequence[Item]]) -> tuple[Any, ...]:
        return (*super().source_key(items), self.line.model_dump_json(exclude={"augment"}))

    def reader(self) -> Callable[[Item], Record]:
        def draw(item: Item) -> Record:
            random = _random(item.name, _PICTURE, self.seed)
            for _ in range(_TRIES):
                with suppress(MediaError):  # too narrow for its text
                    return self.record_of(draw_line(item.target, random, self.line.height), item.target)
            try:
                return self.record_of(draw_line(item.target, random, self.line.height), item.target)
            except MediaError as error:
                raise InputError(
                    "data.line", f"'{item.target}' ({item.name}) cannot be drawn wide enough: {error}"
                ) from None

        return draw

    def sample(self, item: Item, record: Record) -> Sample:
        from PIL import Image

        from ...media.images import encoded

        return Sample(".png", encoded(Image.fromarray(record["line"][..., 0]), "PNG"), "image", [{"text": item.target}])

    def problems(self) -> Iterator[InputError]:
        yield from super().problems()
        if self.line.height < _LOWEST:
            yield InputError(
                "line.height", f"is {self.line.height}; nobody could read drawn lines below {_LOWEST} pixels"
            )


@lru_cache(maxsize=2 * len(SPLITS))  # asked for several times before training starts
def _written(items: tuple[Item, ...], longest: int, seed: int) -> list[Item]:
    """Return lines with their texts."""
    return [item._replace(target=line_text(_random(item.name, _TEXT, seed), longest)) for item in items]


def _random(name: str, stream: int, seed: int) -> np.random.Generator:
    split, number = name.split("/")
    return np.random.default_rng([seed, SPLITS.index(split), int(number), stream])
