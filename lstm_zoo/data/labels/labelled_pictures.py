"""Labelled pictures: what all data sets of images and volumes share whose targets are classes of pixels, or of all.

Every picture is stored once as uint8, an image (H, W, C) or a volume (Z, H, W, C), with its label map. A network sees
blocks of one size: in training a random one of each picture, in evaluation overlapping ones whose outputs are blended.
A picture that is smaller than a block is padded, with `VOID` for labels; where that happens, the inputs get a further
channel that says what is picture and what is padding (`Tensor.masked`).
"""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

from pydantic import Field

from ...console.text import listed
from ...contracts import Classes, InputError, Judge, LabelMap, Spec, Splits, Tensor, Views
from ...media.endings import IMAGES
from ..pictures.picture_files import PictureFiles
from ..pipeline.family import Item, Record
from ..pipeline.finding import files_ending
from ..pipeline.prepared_data import PreparedData
from .blocks import ImageBlocks, PictureAugment, VolumeBlocks

if TYPE_CHECKING:
    import tensorflow as tf

    from .family import Blocks


class LabelledPictures(PreparedData):
    """What all data sets of labelled pictures share."""

    noun: ClassVar[str] = "picture"
    target: ClassVar[str] = "label_map"

    @property
    @abstractmethod
    def blocks(self) -> ImageBlocks | VolumeBlocks:
        """How a network sees the pictures."""

    @property
    def varies(self) -> bool:
        return self.blocks.augment != PictureAugment() or self.blocks.size is not None

    @abstractmethod
    def class_names(self) -> tuple[str, ...]:
        """Return the classes, in the order of the label numbers."""

    def asked(self) -> Classes | LabelMap:
        """Return what is to be answered."""
        return (Classes if self.target == "classes" else LabelMap)(names=self.class_names())

    @abstractmethod
    def shapes(self, items: Sequence[Item]) -> Sequence[tuple[int, ...]]:
        """Return the shapes of pictures as they will be stored, (..., C); unreadable ones are left out."""

    def expected_spec(self) -> Spec:
        """Return the spec; the sizes of the training pictures are known before they are read."""
        items = self.items()
        shapes = self.shapes(items.get("train", ()))
        if not items.get("train"):
            there = ", ".join(f"{split} ({len(found)})" for split, found in items.items()) or "none"
            raise InputError("data", f"there are no training pictures; splits with pictures: {there}")
        if not shapes:
            first = items["train"][0].name
            raise InputError("data", f"no training picture can be read ({first}, ...); `lstmzoo data check` says why")
        block = self.blocks.size or tuple(map(max, zip(*(size for *size, _ in shapes), strict=True)))
        ((channels, _),) = Counter(count for *_, count in shapes).most_common(1)
        masked = any(side < most for *size, _ in shapes for side, most in zip(size, block, strict=True))
        tensor = Tensor(shape=(*block, channels + masked), masked=masked)
        return Spec(inputs={self.gives: tensor}, target=self.asked())

    def check_like(self, like: Spec) -> None:
        """Refuse other classes than those of a finished run, whose numbers label maps hold, and other blocks."""
        if self.class_names() != like.class_names:
            raise InputError(
                "data",
                f"the classes are {listed(self.class_names(), 20)}, but the run was trained on "
                f"{listed(like.class_names, 20)}; they have to be the same, in the same order",
            )
        seen = like.inputs[self.gives].shape[:-1]
        if self.blocks.size not in (None, seen):
            raise InputError(
                "data",
                f"blocks of {self.blocks.size} are asked for, but the run's network sees {seen}; leave the size as it "
                "was (larger pictures are cut into such blocks)",
            )

    def family(self, spec: Spec) -> Blocks:
        from .family import ClassifiedBlocks, LabelledBlocks

        return (ClassifiedBlocks if self.target == "classes" else LabelledBlocks)(spec, self.blocks.augment)


class LabelledImages(PictureFiles, LabelledPictures):
    """What all data sets of labelled images share."""

    media: ClassVar[str] = "images"
    gives: ClassVar[str] = "image"
    shown: ClassVar[str] = "A block of the image in its own resolution; smaller images are filled up."

    image: ImageBlocks = ImageBlocks()
    """How the network sees images."""
    max_side: Annotated[int, Field(ge=16)] | None = None
    """Image files that are larger are scaled down to this longer side first, in pixels, their label maps with them, and
    so they are compared; `predict` answers in the size of the file. null: none is."""

    @property
    def blocks(self) -> ImageBlocks:
        return self.image

    def settled_limits(self) -> tuple[float, float] | None:
        """Return `limits`, or what the training pictures tell of them."""
        return self.limits

    def expected_spec(self) -> Spec:
        spec, limits = super().expected_spec(), self.settled_limits()
        if limits is None:
            return spec
        tensor = spec.inputs[self.gives].model_copy(update={"limits": limits})
        return spec.model_copy(update={"inputs": {self.gives: tensor}})

    def load(self, like: Spec | None = None, splits: Sequence[str] | None = None) -> Splits:
        return super(LabelledImages, self._as_in(like)).load(like, splits)

    def views(self, path: Path, spec: Spec) -> Views:
        """Read one file; label maps come in its own size."""
        from ...media.images import image_size

        views = super(LabelledImages, self._as_in(spec)).views(path, spec)
        size = image_size(path)
        if self.target != "label_map" or views.picture is None or views.picture.shape[:2] == size:
            return views
        from .answer_size import in_size

        return views._replace(merge=lambda outputs: in_size(views.merge(outputs), size))

    def judges(self, spec: Spec) -> Sequence[Judge]:
        if self.target != "label_map" or self.max_side is None:
            return super().judges(spec)
        from .answer_size import ComparedSize

        return [ComparedSize(self.max_side)]

    def _as_in(self, like: Spec | None) -> Self:
        """Return these settings with the limits of a run, where none are set."""
        limits = self.limits or (like and like.inputs[self.gives].limits)
        return self.model_copy(update={"limits": limits})

    def files_below(self, folder: Path) -> list[Path]:
        return files_ending(folder, IMAGES)

    def read(self, path: Path) -> Record:
        """Return an image file, (H, W, 3) uint8."""
        from ..pictures.pixels import decode_photo, fit_within

        return {"picture": fit_within(decode_photo(self.read_picture(path)), self.max_side).numpy()}

    def from_encoded(self, spec: Spec) -> Callable[[tf.Tensor], dict[str, tf.Tensor]]:
        """Return what turns JPEG and PNG files, (B,) string, no larger than a block, into inputs (B, H, W, C)."""
        from .encoded_images import decoder

        decode = decoder(spec.inputs[self.gives], self.max_side, self.ground)
        return lambda encoded: {self.gives: decode(encoded)}
