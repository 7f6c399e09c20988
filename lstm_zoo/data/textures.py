"""Textures, one a picture: gratings, bricks, weaves, dots and noises that are drawn here, or a folder of your own.

After the texture classification of Byeon, Liwicki & Breuel (ICPR 2014); the pictures are our own.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field, NonNegativeInt, PositiveInt

from ..contracts import SPLITS, BadFile, InputError, UserPath
from ..labels import VOID
from ..media.errors import MediaError
from .drawn import LOOKS, Drawn, drawn
from .listing import check_folder, images_below, natural_order
from .segmentation import LabelledImages

if TYPE_CHECKING:
    import numpy as np

    from .texture_drawing import Fill


class TextureData(LabelledImages):
    """What data sets made of textures share."""

    num_train: PositiveInt = 1000
    """Pictures of the training split."""
    num_val: PositiveInt = 50
    """Pictures of the validation split."""
    num_test: PositiveInt = 100
    """Pictures of the test split."""
    side: Annotated[int, Field(ge=16, le=512)] = 96
    """Height and width of the pictures made, in pixels."""
    seed: NonNegativeInt = 0
    """Seed of the pictures; the same seed gives the same ones."""
    textures: UserPath | None = None
    """Folder with one folder a class of your own texture images. The last image of a class is for the test and the one
    before for validation; of a class with one or two, the lower parts of each are. null: eight textures are drawn."""

    def problems(self) -> Iterator[InputError]:
        """Yield what is wrong with the folder of textures."""
        yield from super().problems()
        try:
            num_classes = len(self.class_names())
        except InputError as error:
            yield InputError(error.key.removeprefix("data."), error.message)
            return
        if num_classes > VOID:
            yield InputError("textures", f"{self.textures} has {num_classes} classes; expected {VOID} or fewer")

    def bad_files(self) -> list[BadFile]:
        """Read every texture image of the user's once, and return those that cannot be used."""
        from ..media.images import read_image

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
        """Return the textures."""
        from .texture_drawing import TEXTURES

        return tuple(self._files()) or TEXTURES

    def items(self) -> dict[str, list[Drawn]]:
        """Return the pictures of each split."""
        return drawn({"train": self.num_train, "val": self.num_val, "test": self.num_test})

    def shapes(self, items: Sequence[Any]) -> list[tuple[int, ...]]:
        """Return the shape that all pictures have."""
        return [(self.side, self.side, 3)] * min(1, len(items))

    def source_key(self, items: Mapping[str, Sequence[Any]]) -> tuple[Any, ...]:
        """Return what the pictures depend on beyond their names."""
        del items
        files = [path for of_class in self._files().values() for path in of_class]
        return (LOOKS, self.side, self.seed, *((path, path.stat().st_size, path.stat().st_mtime_ns) for path in files))

    @abstractmethod
    def draw(self, random: np.random.Generator, fill: Fill, num_classes: int) -> tuple[np.ndarray, np.ndarray]:
        """Draw a picture (side, side, 3) uint8 and its labels, uint8, out of what `fill` draws of each class."""

    def reader(self) -> Callable[[Drawn], tuple[np.ndarray, np.ndarray]]:
        """Return what draws a picture."""
        from .texture_drawing import TEXTURES, draw_numbered

        by_class = list(self._files().values())
        num_classes = len(by_class or TEXTURES)

        def read(item: Drawn) -> tuple[np.ndarray, np.ndarray]:
            fill = _fill_from(by_class, item.split) if by_class else draw_numbered
            return self.draw(item.random(self.seed), fill, num_classes)

        return read

    def _files(self) -> dict[str, list[Path]]:
        """Return the user's texture images of each class; none where textures are drawn."""
        if self.textures is None:
            return {}
        return _textures_below(self.textures)


def _textures_below(folder: Path) -> dict[str, list[Path]]:
    """Return the images of each class in a folder with one folder a class."""
    check_folder(folder, "data.textures")
    folders = {path.name: path for path in folder.iterdir() if path.is_dir()}
    files = {name: images_below(folders[name]) for name in natural_order(folders)}
    files = {name: found for name, found in files.items() if found}
    if len(files) < 2:
        raise InputError(
            "data.textures",
            f"{folder} has images in {len(files)} folders ({', '.join(files) or 'none'}); expected a folder of images "
            "for each of two classes or more",
        )
    return files


def _fill_from(by_class: Sequence[Sequence[Path]], split: str) -> Fill:
    """Return what cuts a part out of an image of a class that serves a split."""
    from .texture_drawing import crop_texture

    def fill(number: int, height: int, width: int, random: np.random.Generator) -> np.ndarray:
        files = by_class[number]
        own = _of_split(files, split)
        file = own[int(random.integers(len(own)))]
        try:
            image = _read_texture(file, file.stat().st_mtime_ns)
        except (MediaError, OSError) as error:
            raise InputError("data.textures", f"{file}: {error}; mend or remove it") from None
        part = image if len(files) >= len(SPLITS) else _part_of_split(image, split)
        if not part.size:
            raise InputError("data.textures", f"{file} has {len(image)} rows, too few for three splits; add images")
        return crop_texture(part, height, width, random)

    return fill


def _of_split(files: Sequence[Path], split: str) -> Sequence[Path]:
    """Return which images of a class serve a split."""
    if len(files) < len(SPLITS):
        return files
    return {"train": files[:-2], "val": files[-2:-1], "test": files[-1:]}[split]


def _part_of_split(image: np.ndarray, split: str) -> np.ndarray:
    """Return the rows of an image that serve a split, where all splits have to share it."""
    first, second = round(0.6 * len(image)), round(0.8 * len(image))
    return {"train": image[:first], "val": image[first:second], "test": image[second:]}[split]


@lru_cache(maxsize=64)
def _read_texture(file: Path, changed: int) -> np.ndarray:
    """Return a texture image, (H, W, 3) uint8; `changed` is when its file was."""
    from ..media.images import read_image
    from .photos import decode_photo

    del changed
    return decode_photo(read_image(file)).numpy()


class Textures(TextureData):
    """Pictures of one texture each, drawn here or cut out of your own images."""

    tasks: ClassVar[frozenset[str]] = frozenset({"classification"})
    one_label: ClassVar[bool] = True
    kind: Literal["textures"] = "textures"
    side: Annotated[int, Field(ge=16, le=512)] = 48
    """Height and width of the pictures made, in pixels."""

    def draw(self, random: np.random.Generator, fill: Fill, num_classes: int) -> tuple[np.ndarray, np.ndarray]:
        """Draw a texture, and return the number of its class as a label map of one pixel."""
        import numpy as np

        number = int(random.integers(num_classes))
        return fill(number, self.side, self.side, random), np.full((1, 1), number, np.uint8)
