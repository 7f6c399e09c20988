"""Captioned images: what all data sets of images with sentences share."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field, PositiveInt

from ...contracts import InputError, Section, Spec, Tensor, Words
from ...contracts.words import SPECIAL, Split
from ...media.endings import IMAGES
from ..pictures.augment import AugmentConfig
from ..pictures.picture_files import PictureFiles
from ..pipeline.family import Item, Record
from ..pipeline.finding import files_ending, state_of
from ..pipeline.prepared_data import PreparedData, UserFiles
from ..pipeline.splitting import Listing, check_splits
from .cleaning import cleaned
from .vocabulary import build_vocabulary
from .writing import check_split

if TYPE_CHECKING:
    import tensorflow as tf

    from .family import CaptionedImages


class ImageConfig(Section):
    """How a network sees images."""

    size: Annotated[int, Field(ge=16)] = 224
    """Height and width in pixels; the whole image is stretched to a square."""
    augment: AugmentConfig = AugmentConfig()
    """Random changes of the training images. Mirrored images make `left` and `right` in captions wrong."""


class CaptionConfig(Section):
    """How captions become rows of word numbers."""

    split: Split | None = None
    """Where captions are cut into words: at `blanks`; or, as `characters`, also at each character of writing that puts
    no blanks between its words (Chinese, Japanese, Thai and the like; a word of other writing among it stays whole).
    null: at blanks, and captions of such writing are refused."""
    max_words: Annotated[int, Field(ge=2)] = 20
    """Length T of captions in words, the end counted as one; longer ones are cut."""
    min_count: PositiveInt = 2
    """A word that stands in the training captions less often is unknown to the network."""
    per_image: Annotated[int, Field(ge=1, le=1000)] = 5
    """Captions N of each image that an epoch shows; where there are more, they take turns."""


class CaptionData(PictureFiles, PreparedData):
    """What all data sets of captioned images share; the target of an item is the tuple of its captions."""

    media: ClassVar[str] = "images"
    gives: ClassVar[str] = "image"
    shown: ClassVar[str] = "The whole image, stretched to a square."
    target: ClassVar[str] = "words"
    noun: ClassVar[str] = "image"

    image: ImageConfig = ImageConfig()
    """How the network sees images."""
    captions: CaptionConfig = CaptionConfig()
    """How captions become rows of word numbers."""

    @property
    def varies(self) -> bool:
        return self.image.augment != AugmentConfig()

    def family(self, spec: Spec) -> CaptionedImages:
        from .family import CaptionedImages

        return CaptionedImages(spec, self.image.augment, self.captions.per_image)

    def expected_spec(self) -> Spec:
        """Return the spec; the words of the captions are known before the images are read."""
        return self.spec_with(caption for item in self.items().get("train", ()) for caption in item.target)

    def spec_with(self, training_captions: Iterable[str]) -> Spec:
        """Return the spec, with the vocabulary of the training captions."""
        least, max_words, captions = self.captions.min_count, self.captions.max_words, list(training_captions)
        split = self.captions.split or "blanks"
        vocabulary = build_vocabulary(captions, least, split)
        if captions and len(vocabulary) == len(SPECIAL):
            raise InputError(
                "data.captions.min_count", f"is {least}, but no word stands in the training captions so often; lower it"
            )
        return Spec(
            inputs={"image": self._tensor},
            hints={"words": Tensor(shape=(None, max_words), dtype="int32")},
            target=Words(vocabulary=vocabulary, max_words=max_words, split=split),
        )

    def check_like(self, like: Spec) -> None:
        """Refuse images of another size than a run's network takes."""
        if like.inputs["image"] != self._tensor:
            raise InputError(
                "data.image.size",
                f"gives images of {self._tensor.shape}, but the run was trained on {like.inputs['image'].shape}; their "
                "size has to stay as it was",
            )

    @property
    def _tensor(self) -> Tensor:
        return Tensor(shape=(self.image.size, self.image.size, 3))

    def files_below(self, folder: Path) -> list[Path]:
        return files_ending(folder, IMAGES)

    def read(self, path: Path) -> Record:
        """Return an image: as `from_encoded` sees its bytes, but upright where its EXIF data ask for it."""
        return {"image": self.read_picture(path)}

    def from_encoded(self, spec: Spec) -> Callable[[tf.Tensor], dict[str, tf.Tensor]]:
        """Return what turns JPEG and PNG files, (B,) string, into images (B, H, W, 3)."""
        import tensorflow as tf

        from ..pictures.pixels import decode_opaque, stretch

        pixels = tf.TensorSpec(spec.inputs["image"].shape, tf.uint8)

        def image(encoded: tf.Tensor) -> tf.Tensor:
            return stretch(decode_opaque(encoded, self.ground, self.limits), self.image.size)

        return lambda encoded: {"image": tf.map_fn(image, encoded, fn_output_signature=pixels)}


class CaptionFiles(UserFiles, CaptionData):
    """What data sets made of image files share; the names of items are paths below `folder`."""

    max_side: Annotated[int, Field(ge=32)] | None = None
    """Larger images are stored with this longer side, in pixels, which reads faster; null: as they are. `predict` and
    exports scale a file once, straight from its full size, so their pixels differ a little from stored ones."""

    @abstractmethod
    def folder(self) -> Path:
        """Return the folder that the images' names count from."""

    @abstractmethod
    def listed(self) -> Listing:
        """Return the images of each split with their captions; one without any, or with notes, is a bad file."""

    def items(self) -> Mapping[str, Sequence[Item]]:
        """Return the images of each split with their captions; no source stands in two splits."""
        return self._cleaned().splits

    def remarks(self) -> list[str]:
        return [*super().remarks(), *self._cleaned().remarks]

    def _cleaned(self) -> Listing:
        splits, remarks = self.listed()
        check_splits(splits, "data.root")
        splits, of_cleaning = cleaned(splits)
        items = [item for found in splits.values() for item in found]
        if not any(item.target or item.notes for item in items):
            raise InputError("data.root", "no image has a caption")
        captions = [caption for item in items for caption in item.target]
        of_words = check_split(captions, self.captions.split, self.captions.max_words)
        return Listing(splits, [*remarks, *of_cleaning, *of_words])

    def source_key(self, items: Mapping[str, Sequence[Item]]) -> tuple[Any, ...]:
        folder = self.folder()
        return (
            self.max_side,
            self.ground,
            self.limits,
            *(state_of(folder / item.name) for found in items.values() for item in found),
        )

    def reader(self) -> Callable[[Item], Record]:
        from ...media.errors import MediaError
        from ..pictures.pixels import check_decodes

        folder = self.folder()

        def read(item: Item) -> Record:
            if item.notes or not item.target:
                raise MediaError(item.notes or "has no caption")
            image = self.read_picture(folder / item.name, self.max_side)
            check_decodes(image)
            return {"image": image}

        return read
