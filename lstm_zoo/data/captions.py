"""Captioned images: what all data sets of photographs with sentences share."""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, NamedTuple

from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from ..contracts import BadFile, DataConfig, InputError, Section, Spec, Splits, UserPath, Views
from ..media.errors import MediaError
from ..words import SPECIAL
from .clips import AugmentConfig
from .listing import Share, deal, images_below

if TYPE_CHECKING:
    import tensorflow as tf

    from .caption_builder import CaptionBuilder


class Photo(NamedTuple):
    """One image of a data set, with its captions."""

    name: str
    """Path below the folder of the images, or another unique name."""
    captions: tuple[str, ...]
    group: str = ""
    """What it shares with images of the same source; a group never stands in two splits."""
    scene: str = ""
    """What is known of the picture beyond its captions, as JSON; empty where nothing is."""

    @property
    def label(self) -> str:
        """All images count alike when splits are made."""
        return ""


class ImageConfig(Section):
    """How a network sees images."""

    size: Annotated[int, Field(ge=16)] = 224
    """Height and width in pixels; the whole image is stretched to a square."""
    augment: AugmentConfig = AugmentConfig()
    """Random changes of the training images. Mirrored images make `left` and `right` in captions wrong."""


class CaptionConfig(Section):
    """How captions become rows of word numbers."""

    max_words: Annotated[int, Field(ge=2)] = 20
    """Length T of captions in words, the end counted as one; longer ones are cut."""
    min_count: PositiveInt = 2
    """A word that stands in the training captions less often is unknown to the network."""
    per_image: PositiveInt = 5
    """Captions N of each image that an epoch shows; where there are more, they take turns."""


class CaptionData(DataConfig):
    """What all data sets of captioned images share."""

    media: ClassVar[str] = "images"
    tasks: ClassVar[frozenset[str]] = frozenset({"captioning"})

    image: ImageConfig = ImageConfig()
    """How the network sees images."""
    captions: CaptionConfig = CaptionConfig()
    """How captions become rows of word numbers."""
    data_dir: UserPath | None = None
    """Where prepared data are kept; null: $TFDS_DATA_DIR, or else ~/tensorflow_datasets."""

    @property
    def varies(self) -> bool:
        """Whether a training image differs from epoch to epoch."""
        return self.image.augment != AugmentConfig()

    def files_below(self, folder: Path) -> list[Path]:
        """Return all images below a folder."""
        return images_below(folder)

    def spec_of(self, training_captions: Iterable[str]) -> Spec:
        """Return the spec, with the vocabulary of the training captions."""
        from .vocabulary import build_vocabulary

        side, least = self.image.size, self.captions.min_count
        captions = list(training_captions)
        vocabulary = build_vocabulary(captions, least)
        if captions and len(vocabulary) == len(SPECIAL):
            raise InputError(
                "data.captions.min_count", f"is {least}, but no word stands in the training captions so often; lower it"
            )
        return Spec(
            input_shape=(side, side, 3),
            vocabulary=vocabulary,
            max_words=self.captions.max_words,
        )

    def spec_like(self, like: Spec) -> Spec:
        """Return the spec of a finished run, with images as they are set here."""
        return like.model_copy(update={"input_shape": (self.image.size, self.image.size, 3)})

    def from_encoded(self, spec: Spec) -> Callable[[tf.Tensor], tf.Tensor]:
        """Return what turns JPEG and PNG files, (B,) string, into images (B, H, W, 3)."""
        import tensorflow as tf

        from .photos import eval_photo

        side = spec.input_shape[0]
        pixels = tf.TensorSpec(spec.input_shape, tf.uint8)
        return lambda encoded: tf.map_fn(lambda one: eval_photo(one, side), encoded, fn_output_signature=pixels)

    def read(self, path: Path, spec: Spec) -> Views:
        """Read one image file: as `from_encoded` sees its bytes, but turned upright where its EXIF data ask for it."""
        from ..media.images import read_image
        from .photos import eval_photo

        try:
            pixels = eval_photo(read_image(path), spec.input_shape[0]).numpy()
        except MediaError as error:
            raise InputError("", f"{path}: {error}") from None
        return Views(inputs=pixels[None])


class PreparedCaptionData(CaptionData):
    """What data sets share whose images this package stores itself."""

    on_bad_file: Literal["stop", "skip"] = "stop"
    """What an unreadable image, or one without captions, does: `stop` with an error, or `skip` it and count it."""

    @abstractmethod
    def photos(self) -> Mapping[str, Sequence[Photo]]:
        """Return the images of each split with their captions; an image without any is a bad file."""

    @abstractmethod
    def read_photo(self, photo: Photo) -> bytes:
        """Return an image as it is to be stored, JPEG or PNG, or raise a MediaError."""

    @abstractmethod
    def source_key(self, photos: Mapping[str, Sequence[Photo]]) -> tuple[Any, ...]:
        """Return all that the stored images depend on beyond `photos`, which are at hand."""

    def expected_spec(self) -> Spec:
        """Return the spec; the words of the captions are known before the images are read."""
        return self.spec_of(captions_of(self.photos().get("train", ())))

    def builder(self) -> CaptionBuilder:
        """Return the TFDS builder of the images."""
        from .caption_builder import CaptionBuilder
        from .prepare import Source, fingerprint

        photos = self.photos()
        check_photos(photos)
        key = fingerprint(*self.source_key(photos), *((split, *photo) for split in photos for photo in photos[split]))
        source = Source(
            name=key,
            splits={split: list(found) for split, found in photos.items()},
            read=self.read_photo,
            on_bad_file=self.on_bad_file,
        )
        return CaptionBuilder(type(self).model_fields["kind"].default, source, self.data_dir)

    def load(self, like: Spec | None = None) -> Splits:
        """Store the images if need be and return their splits."""
        from .caption_reading import CaptionSplits

        builder = self.builder()
        builder.prepare()
        splits = CaptionSplits(
            builder,
            self.image.augment,
            self.captions.per_image,
            self.spec_like(like) if like else self.expected_spec(),
            splits={split: split for split in builder.info.splits},
            judge=self.judge,
        )
        splits.bad_files = builder.bad_files()
        return splits

    def judge(self, scenes: Sequence[str], outputs: Any, spec: Spec) -> dict[str, float]:
        """Return figures that only this data set can give, from what is known of the pictures."""
        del scenes, outputs, spec
        return {}


class CaptionFiles(PreparedCaptionData):
    """What data sets made of image files share."""

    max_side: Annotated[int, Field(ge=32)] | None = None
    """Larger images are stored with this longer side, in pixels, which reads faster; null: as they are. `predict` and
    exports scale a file once, straight from its full size, so their pixels differ a little from stored ones."""

    @abstractmethod
    def folder(self) -> Path:
        """Return the folder that the images' names count from."""

    def problems(self) -> Iterator[InputError]:
        """Yield what is wrong with the files that list images and captions."""
        yield from super().problems()
        try:
            check_photos(self.photos())
        except InputError as error:
            yield InputError(error.key.removeprefix("data."), error.message)

    def bad_files(self) -> list[BadFile]:
        """Read every image once, and return those that cannot be used."""
        return self.builder().builder_config.find_bad_files()

    def source_key(self, photos: Mapping[str, Sequence[Photo]]) -> tuple[Any, ...]:
        """Return the state of every file."""
        folder = self.folder()
        files = [folder / photo.name for found in photos.values() for photo in found]
        states = [file.stat() if file.is_file() else None for file in files]
        return (self.max_side, *((state and state.st_size, state and state.st_mtime_ns) for state in states))

    def read_photo(self, photo: Photo) -> bytes:
        """Read an image file that has captions."""
        from ..media.images import read_image

        if not photo.captions:
            raise MediaError("has no caption")
        if empty := [number for number, caption in enumerate(photo.captions, 1) if not any(map(str.isalnum, caption))]:
            raise MediaError(f"its caption {empty[0]} of {len(photo.captions)} has no words")
        return read_image(self.folder() / photo.name, self.max_side)


class DealtCaptionFiles(CaptionFiles):
    """What data sets of image files share whose splits may have to be made."""

    val_fraction: Share = 0.15
    """Share of the images for validation where no list or table decides."""
    test_fraction: Share = 0.15
    """Share of the images for the test where no list or table decides."""
    split_seed: NonNegativeInt = 0
    """Seed that decides which images go to which split."""

    @model_validator(mode="after")
    def _leaves_training(self) -> DealtCaptionFiles:
        if self.val_fraction + self.test_fraction >= 1:
            raise ValueError("val_fraction and test_fraction leave nothing to train on; their sum must stay below 1")
        return self

    def deal(self, splits: Mapping[str, Sequence[Photo]]) -> Mapping[str, Sequence[Photo]]:
        """Return the images of each split; those of the split "" are dealt, whole groups at a time."""
        return deal(splits, self.val_fraction, self.test_fraction, self.split_seed)


def captions_of(photos: Iterable[Photo]) -> Iterator[str]:
    """Yield all captions of some images."""
    for photo in photos:
        yield from photo.captions


def one_line(caption: str) -> str:
    """Return a caption with single blanks between its words and none around it."""
    return " ".join(caption.split())


def check_photos(splits: Mapping[str, Sequence[Photo]]) -> None:
    """Refuse images that stand in two splits, alone or with others of their group.

    Raises:
        InputError: An image is named twice, a group stands in two splits, or there is no caption to learn from.
    """
    homes: dict[str, str] = {}
    for split, photos in splits.items():
        for photo in photos:
            group = f"group '{photo.group}'" if photo.group else photo.name
            for name in (photo.name, group):
                if homes.setdefault(name, split) != split:
                    raise InputError(
                        "data.root",
                        f"{name} stands in both {homes[name]} and {split}; scores would be too good: keep it in one",
                    )
        twice = [name for name, count in Counter(photo.name for photo in photos).items() if count > 1]
        if twice:
            raise InputError("data.root", f"{twice[0]} stands twice in {split}; once is right")
    if not any(photo.captions for photos in splits.values() for photo in photos):
        raise InputError("data.root", "no image has a caption")
