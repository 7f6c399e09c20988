"""Labelled pictures: what all data sets of images and volumes share whose targets are classes of pixels, or of all.

Every picture is stored once as uint8, an image (H, W, C) or a volume (Z, H, W, C), with its label map. A network sees
blocks of one size: in training a random one of each picture, in evaluation overlapping ones whose outputs are blended.
A picture that is smaller than a block is padded, with `VOID` for labels; where that happens, the inputs get a further
channel that says what is picture and what is padding (`Spec.masked`).
"""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field, PositiveInt, model_validator

from ..contracts import DataConfig, InputError, Section, Spec, Splits, UserPath, Views
from ..media.endings import VOLUMES
from ..media.errors import MediaError
from .clips import Fraction
from .listing import files_below, images_below

if TYPE_CHECKING:
    import numpy as np
    import tensorflow as tf

    from .label_builder import LabelBuilder

Side = Annotated[int, Field(ge=8)]


class PictureAugment(Section):
    """Random changes of training pictures. The defaults change nothing."""

    flip: tuple[Literal["z", "y", "x"], ...] = ()
    """Axes along which half of the pictures are mirrored: x left and right, y top and bottom, z the order of planes."""
    brightness: Fraction = 0.0
    """Greatest change of brightness, as a fraction of the full range."""
    contrast: Fraction = 0.0
    """Greatest relative change of contrast."""
    saturation: Fraction = 0.0
    """Greatest relative change of saturation; colour images only."""


class ImageBlocks(Section):
    """How a network sees images."""

    size: tuple[Side, Side] | None = None
    """Height and width that the network sees at once, in pixels; null: those of the largest training image. Smaller
    images are padded and masked; of larger ones training shows random parts, and evaluation blends overlapping ones."""
    augment: PictureAugment = PictureAugment()
    """Random changes of the training images."""

    @model_validator(mode="after")
    def _flat(self) -> ImageBlocks:
        if "z" in self.augment.flip:
            raise ValueError("augment.flip names z, but images have the axes y and x only")
        return self


class VolumeBlocks(Section):
    """How a network sees volumes."""

    size: tuple[PositiveInt, PositiveInt, PositiveInt] | None = None
    """Planes, height and width that the network sees at once, in voxels; null: those of the largest training volume.
    Smaller volumes are padded and masked; of larger ones training shows random parts, and evaluation blends
    overlapping ones."""
    augment: PictureAugment = PictureAugment()
    """Random changes of the training volumes."""


class LabelledPictures(DataConfig):
    """What all data sets of labelled pictures share."""

    tasks: ClassVar[frozenset[str]] = frozenset({"segmentation"})
    one_label: ClassVar[bool] = False
    """Whether a picture has one label; else each of its pixels has."""
    rank: ClassVar[int]
    """Axes of a label map: 2 of an image, 3 of a volume."""

    data_dir: UserPath | None = None
    """Where prepared data are kept; null: $TFDS_DATA_DIR, or else ~/tensorflow_datasets."""

    @property
    @abstractmethod
    def blocks(self) -> ImageBlocks | VolumeBlocks:
        """How a network sees the pictures."""

    @property
    def varies(self) -> bool:
        """Whether a training picture differs from epoch to epoch."""
        return self.blocks.augment != PictureAugment() or self.blocks.size is not None

    @abstractmethod
    def class_names(self) -> tuple[str, ...]:
        """Return the classes, in the order of the label numbers."""

    @abstractmethod
    def items(self) -> Mapping[str, Sequence[Any]]:
        """Return the pictures of each split; each has a `name`."""

    @abstractmethod
    def shapes(self, items: Sequence[Any]) -> Sequence[tuple[int, ...]]:
        """Return the shapes of pictures as they will be stored, (..., C); unreadable ones are left out."""

    @abstractmethod
    def reader(self) -> Callable[[Any], tuple[np.ndarray, np.ndarray]]:
        """Return what makes of an item a picture (..., C) and its labels (...), uint8, or raises a MediaError.

        It is called in several threads.
        """

    @abstractmethod
    def source_key(self, items: Mapping[str, Sequence[Any]]) -> tuple[Any, ...]:
        """Return all that the stored pictures depend on beyond `items`."""

    @abstractmethod
    def read_picture(self, path: Path) -> np.ndarray:
        """Return one file of the user's as a picture (..., C) uint8, or raise a MediaError."""

    @property
    def bad_file_policy(self) -> Literal["stop", "skip"]:
        """What an unreadable picture does: `stop` with an error, or `skip` it."""
        return "stop"

    def expected_spec(self) -> Spec:
        """Return the spec; the sizes of the training pictures are known before they are read."""
        items = self.items()
        shapes = self.shapes(items.get("train", ()))
        if not items.get("train"):
            there = ", ".join(f"{split} ({len(found)})" for split, found in items.items()) or "none"
            raise InputError("data", f"there are no training pictures; splits with pictures: {there}")
        if not shapes:
            first = next(iter(items["train"])).name
            raise InputError("data", f"no training picture can be read ({first}, ...); `lstmzoo data check` says why")
        largest = tuple(map(max, zip(*(size for *size, _ in shapes), strict=True)))
        ((channels, _),) = Counter(count for *_, count in shapes).most_common(1)
        block = self.blocks.size or largest
        masked = any(side < most for *size, _ in shapes for side, most in zip(size, block, strict=True))
        return Spec(input_shape=(*block, channels + masked), class_names=self.class_names(), masked=masked)

    def builder(self) -> LabelBuilder:
        """Return the TFDS builder of the pictures."""
        from .label_builder import LabelBuilder
        from .prepare import Source, fingerprint

        items = self.items()
        key = fingerprint(*self.source_key(items), *((split, *item) for split in items for item in items[split]))
        source = Source(
            name=key,
            splits={split: list(found) for split, found in items.items()},
            read=self.reader(),
            on_bad_file=self.bad_file_policy,
        )
        return LabelBuilder(type(self).model_fields["kind"].default, source, self.data_dir, rank=self.rank)

    def load(self, like: Spec | None = None) -> Splits:
        """Prepare the pictures if need be and return their splits."""
        from .label_reading import LabelSplits

        if like:
            self._fits_run(like)
        spec = like or self.expected_spec()
        builder = self.builder()
        builder.prepare()
        splits = LabelSplits(builder, self.blocks.augment, spec, one_label=self.one_label)
        splits.bad_files = builder.bad_files()
        return splits

    def _fits_run(self, spec: Spec) -> None:
        """Refuse other classes than those of a finished run, whose numbers label maps hold, and other blocks."""
        if self.class_names() != spec.class_names:
            raise InputError(
                "data",
                f"the classes are {', '.join(self.class_names())}, but the run was trained on "
                f"{', '.join(spec.class_names)}; they have to be the same, in the same order",
            )
        if self.blocks.size not in (None, spec.input_shape[:-1]):
            raise InputError(
                "data",
                f"blocks of {self.blocks.size} are asked for, but the run's network sees {spec.input_shape[:-1]}; "
                "leave the size as it was (larger pictures are cut into such blocks)",
            )

    def read(self, path: Path, spec: Spec) -> Views:
        """Read one file and cut it into the blocks that a network sees."""
        from .label_reading import views_of_picture

        try:
            picture = self.read_picture(path)
        except MediaError as error:
            raise InputError("", f"{path}: {error}") from None
        return views_of_picture(picture, spec, one_label=self.one_label)


class LabelledImages(LabelledPictures):
    """What all data sets of labelled images share."""

    media: ClassVar[str] = "images"
    rank: ClassVar[int] = 2

    image: ImageBlocks = ImageBlocks()
    """How the network sees images."""

    @property
    def longest_side(self) -> int | None:
        """To what longer side larger images are scaled down first, in pixels; None: none is."""
        return None

    @property
    def blocks(self) -> ImageBlocks:
        """How a network sees the images."""
        return self.image

    def files_below(self, folder: Path) -> list[Path]:
        """Return all images below a folder."""
        return images_below(folder)

    def from_encoded(self, spec: Spec) -> Callable[[tf.Tensor], tf.Tensor]:
        """Return what turns JPEG and PNG files, (B,) string, no larger than a block, into inputs (B, H, W, C)."""
        from .label_reading import decoder

        return decoder(spec, self.longest_side)

    def read_picture(self, path: Path) -> np.ndarray:
        """Return an image file, (H, W, 3) uint8."""
        from ..media.images import read_image
        from .photos import decode_photo, fit_within

        return fit_within(decode_photo(read_image(path)), self.longest_side).numpy()


class LabelledVolumes(LabelledPictures):
    """What all data sets of labelled volumes share."""

    media: ClassVar[str] = "volumes"
    rank: ClassVar[int] = 3

    volume: VolumeBlocks = VolumeBlocks()
    """How the network sees volumes."""

    @model_validator(mode="after")
    def _grey(self) -> LabelledVolumes:
        if self.volume.augment.saturation:
            raise ValueError("volume.augment.saturation is for colour images; leave it at 0")
        return self

    @property
    def blocks(self) -> VolumeBlocks:
        """How a network sees the volumes."""
        return self.volume

    @property
    def grey_limits(self) -> tuple[float, float] | None:
        """Which grey values become black and white; None: percentiles of each volume."""
        return None

    def files_below(self, folder: Path) -> list[Path]:
        """Return all volumes below a folder."""
        return [path for path in files_below(folder) if path.name.lower().endswith(VOLUMES)]

    def read_picture(self, path: Path) -> np.ndarray:
        """Return a volume file, (Z, H, W, C) uint8."""
        from ..media.volumes import read_volume, to_bytes

        return to_bytes(read_volume(path), self.grey_limits)
