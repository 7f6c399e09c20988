"""Captioned shapes: drawn scenes of two or three things and sentences about them. Made here, no download.

A sentence names every thing with size, colour and shape, and where the first one lies as seen from the others. What is
in a scene, boxes included, is kept, so that a caption can be checked word for word and attention can be checked too.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field, PositiveInt

from ...contracts import SPLITS, Judge, Sample, Spec, Words
from ..pipeline.drawn import Count, DrawnData
from ..pipeline.family import Item, Record
from .captioned_images import CaptionData
from .shape_captions import COLOURS, SHAPES, SceneJudge, Thing, from_json, pick, relation, to_json, write_caption

if TYPE_CHECKING:
    from PIL import Image, ImageDraw

_SIDES = {"small": (0.21, 0.25), "large": (0.35, 0.41)}  # of the box, as shares of the picture's side
_GAP = 0.03  # least distance between two boxes
_STREAMS = {"scene": 5, "picture": 7}  # of random numbers, apart from one another
_FINER = 4  # drawn so many times larger, for smooth edges


class CaptionedShapes(DrawnData, CaptionData):
    """Drawn scenes of two or three things, with sentences that can be checked."""

    kind: Literal["captioned_shapes"] = "captioned_shapes"
    num_train: Count = 10000
    """Images of the training split."""
    num_val: Count = 200
    """Images of the validation split."""
    num_test: Count = 400
    """Images of the test split."""
    num_captions: PositiveInt = 5
    """Captions written about each image; paraphrases of one another."""
    side: Annotated[int, Field(ge=32, le=512)] = 64
    """Height and width of the images made, in pixels."""

    def items_of(self, split: str, size: int) -> list[Item]:
        """Return the first scenes of a split with their sentences; their notes say what is in them."""
        return _written(split, size, self.num_captions, self.seed)

    def reader(self) -> Callable[[Item], Record]:
        def draw(item: Item) -> Record:
            buffer = io.BytesIO()
            draw_scene(from_json(item.notes), self.side, _random(item.name, "picture", self.seed)).save(buffer, "PNG")
            return {"image": buffer.getvalue()}

        return draw

    def sample(self, item: Item, record: Record) -> Sample:
        return Sample(".png", record["image"], "image", [{"caption": caption} for caption in item.target])

    def judges(self, spec: Spec) -> list[Judge]:
        assert isinstance(spec.target, Words)
        return [SceneJudge(spec.target.vocabulary)]


@lru_cache(maxsize=2 * len(SPLITS))  # asked for several times before training starts
def _written(split: str, size: int, num_captions: int, seed: int) -> list[Item]:
    """Return the scenes of a split with their sentences."""
    items = []
    for number in range(size):
        name = f"{split}/{number:05d}"
        random = _random(name, "scene", seed)
        things = random_scene(random)
        captions = tuple(write_caption(things, random) for _ in range(num_captions))
        items.append(Item(name, captions, notes=to_json(things)))
    return items


def _random(name: str, purpose: str, seed: int) -> np.random.Generator:
    split, number = name.split("/")
    return np.random.default_rng([seed, SPLITS.index(split), int(number), _STREAMS[purpose]])


def random_scene(random: np.random.Generator) -> list[Thing]:
    """Return a random scene: no two things look alike or touch, and each pair has a clear relation."""
    count = random.integers(2, 4)
    while True:
        things = [_random_thing(random) for _ in range(count)]
        pairs = [(one, other) for index, one in enumerate(things) for other in things[:index]]
        if all(_apart(one, other) and relation(one, other) is not None for one, other in pairs):
            return things


def _random_thing(random: np.random.Generator) -> Thing:
    size = pick(tuple(_SIDES), random)
    side = random.uniform(*_SIDES[size])
    left, top = random.uniform(0.02, 0.98 - side, 2).tolist()
    box = (round(left, 4), round(top, 4), round(left + side, 4), round(top + side, 4))
    return Thing(size, pick(tuple(COLOURS), random), pick(SHAPES, random), box)


def _apart(one: Thing, other: Thing) -> bool:
    if (one.colour, one.shape) == (other.colour, other.shape):
        return False
    gaps = [
        max(a - b for a, b in ((one.box[axis], other.box[axis + 2]), (other.box[axis], one.box[axis + 2])))
        for axis in (0, 1)
    ]
    return max(gaps) >= _GAP


def draw_scene(things: Sequence[Thing], side: int, random: np.random.Generator) -> Image.Image:
    """Draw things on a dim, noisy ground.

    Args:
        things: What to draw.
        side: Height and width, in pixels.
        random: Source of the ground and of the colours' shades.
    """
    from PIL import Image, ImageDraw

    ground = random.normal(random.uniform(30, 80, 3), 8, (side // 4, side // 4, 3)).clip(0, 255).astype(np.uint8)
    large = side * _FINER
    picture = Image.fromarray(ground).resize((large, large), Image.Resampling.BICUBIC)
    pen = ImageDraw.Draw(picture)
    for thing in things:
        colour = tuple(
            int(np.clip(value + shade, 0, 255))
            for value, shade in zip(COLOURS[thing.colour], random.normal(0, 10, 3), strict=True)
        )
        _draw_thing(pen, thing, large, colour)
    return picture.resize((side, side), Image.Resampling.BOX)


def _draw_thing(pen: ImageDraw.ImageDraw, thing: Thing, scale: int, colour: tuple[int, ...]) -> None:
    left, top, right, bottom = (value * scale for value in thing.box)
    if thing.shape == "circle":
        pen.ellipse((left, top, right, bottom), fill=colour)
    elif thing.shape == "square":
        pen.rectangle((left, top, right, bottom), fill=colour)
    else:
        pen.polygon([(left, bottom), (right, bottom), ((left + right) / 2, top)], fill=colour)
