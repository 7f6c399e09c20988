"""Textures, one a picture: gratings, bricks, weaves, dots and noises that are drawn here, or a folder of your own.

After the texture classification of Byeon, Liwicki & Breuel (ICPR 2014); the pictures are our own.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from ...console.text import natural_order
from ...contracts import SPLITS, BadFile, InputError, Sample, UserPath
from ...contracts.labels import VOID
from ...media.endings import IMAGES
from ..pipeline.drawn import Count, DrawnData
from ..pipeline.family import Item, Record
from ..pipeline.finding import check_folder, files_ending, state_of
from .labelled_pictures import LabelledImages
from .texture_drawing import TEXTURES, Fill, crop_texture, draw_numbered


class TextureData(DrawnData, LabelledImages):
    """What data sets made of textures share."""

    num_train: Count = 1000
    """Pictures of the training split."""
    num_val: Count = 50
    """Pictures of the validation split."""
    num_test: Count = 100
    """Pictures of the test split."""
    side: Annotated[int, Field(ge=16, le=512)] = 96
    """Height and width of the pictures made, in pixels."""
    textures: UserPath | None = None
    """Folder with one folder a class of your own texture images. The last image of a class is for the test and the one
    before for validation; of a class with one or two, the lower parts of each are. null: eight textures are drawn."""

    def checks(self) -> Sequence[Callable[[], Any]]:
        return (self.class_names,)

    def bad_files(self) -> list[BadFile]:
        from ...media.errors import MediaError
        from ...media.images import read_image

        if self.textures is None:
            return super().bad_files()
        bad = []
        for file in (file for files in self._files().values() for file in files):
            try:
                read_image(file)
            except MediaError as error:
                bad.append(BadFile("textures", file.relative_to(self.textures).as_posix(), str(error)))
        return bad

    def class_names(self) -> tuple[str, ...]:
        return tuple(self._files()) or TEXTURES

    def shapes(self, items: Sequence[Item]) -> list[tuple[int, ...]]:
        del items
        return [(self.side, self.side, 3)]

    def source_key(self, items: Mapping[str, Sequence[Item]]) -> tuple[Any, ...]:
        files = [file for of_class in self._files().values() for file in of_class]
        return (*super().source_key(items), *((file, state_of(file)) for file in files))

    @abstractmethod
    def draw(self, random: np.random.Generator, fill: Fill, num_classes: int) -> Record:
        """Draw a picture (side, side, 3) uint8, with labels where pixels have them, out of what `fill` draws."""

    def reader(self) -> Callable[[Item], Record]:
        by_class = list(self._files().values())
        num_classes = len(by_class or TEXTURES)

        def read(item: Item) -> Record:
            fill = _fill_from(by_class, item.name.split("/")[0]) if by_class else draw_numbered
            return self.draw(self.random(item), fill, num_classes)

        return read

    def sample(self, item: Item, record: Record) -> Sample:
        from PIL import Image

        from ...media.images import encoded

        labels = encoded(Image.fromarray(record["labels"]), "PNG") if "labels" in record else b""
        truths = [] if labels else [{"label": item.target}]
        return Sample(".png", encoded(Image.fromarray(record["picture"]), "PNG"), "image", truths, labels)

    def _files(self) -> dict[str, list[Path]]:
        """Return the user's texture images of each class; none where textures are drawn."""
        if self.textures is None:
            return {}
        check_folder(self.textures, "data.textures")
        folders = {path.name: path for path in self.textures.iterdir() if path.is_dir()}
        files = {name: files_ending(folders[name], IMAGES) for name in natural_order(folders)}
        files = {name: found for name, found in files.items() if found}
        if not 2 <= len(files) <= VOID:
            some = ", ".join(list(files)[:5]) or "none"
            raise InputError(
                "data.textures",
                f"{self.textures} has images in {len(files)} folders ({some}); expected a folder of images for each of "
                f"2 to {VOID} classes",
            )
        return files


def _fill_from(by_class: Sequence[Sequence[Path]], split: str) -> Fill:
    """Return what cuts a part out of an image of a class that serves a split."""
    from ...media.errors import MediaError

    def fill(number: int, height: int, width: int, random: np.random.Generator) -> np.ndarray:
        files = by_class[number]
        shared = len(files) < len(SPLITS)  # too few for three splits
        own = files if shared else {"train": files[:-2], "val": files[-2:-1], "test": files[-1:]}[split]
        file = own[int(random.integers(len(own)))]
        try:
            image = _read_texture(file, file.stat().st_mtime_ns)
        except (MediaError, OSError) as error:
            raise InputError("data.textures", f"{file}: {error}; mend or remove it") from None
        part = _part_of_split(image, split) if shared else image
        if not part.size:
            raise InputError("data.textures", f"{file} has {len(image)} rows, too few for three splits; add images")
        return crop_texture(part, height, width, random)

    return fill


def _part_of_split(image: np.ndarray, split: str) -> np.ndarray:
    """Return the rows of an image that serve a split, where all splits have to share it."""
    first, second = round(0.6 * len(image)), round(0.8 * len(image))
    return {"train": image[:first], "val": image[first:second], "test": image[second:]}[split]


@lru_cache(maxsize=64)
def _read_texture(file: Path, changed: int) -> np.ndarray:
    """Return a texture image, (H, W, 3) uint8; `changed` is when its file was."""
    from ...media.images import read_image
    from ..pictures.pixels import decode_photo

    del changed
    return decode_photo(read_image(file)).numpy()


class Textures(TextureData):
    """Pictures of one texture each, drawn here or cut out of your own images."""

    target: ClassVar[str] = "classes"
    kind: Literal["textures"] = "textures"
    side: Annotated[int, Field(ge=16, le=512)] = 48
    """Height and width of the pictures made, in pixels."""

    def items_of(self, split: str, size: int) -> list[Item]:
        """Return the first pictures of a split with their classes, which are the first that is drawn of each."""
        names, items = self.class_names(), super().items_of(split, size)
        return [item._replace(target=names[int(self.random(item).integers(len(names)))]) for item in items]

    def draw(self, random: np.random.Generator, fill: Fill, num_classes: int) -> Record:
        return {"picture": fill(int(random.integers(num_classes)), self.side, self.side, random)}
