"""What captioners share: an encoder for the image, a decoder for the words, and the options of both."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field, PositiveInt

from ...contracts import InputError, Spec, Words
from .backbones import ENCODER, EncodedModel

if TYPE_CHECKING:
    import keras

    from ...layers.language.caption_decoder import CaptionDecoder


class Captioner(EncodedModel):
    """An encoder for the image and a decoder for the words; a base of networks."""

    takes: ClassVar[frozenset[str]] = frozenset({"image"})
    answers: ClassVar[str] = "words"
    regions: ClassVar[bool]
    """Whether the decoder is given each region of the image, or one vector."""
    embedding_units: PositiveInt = 256
    """Width of the words' vectors, E."""
    units: PositiveInt = 512
    """Units of the LSTM, U."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.5
    """Share of the words' vectors, and of what words are scored from, that is dropped in training."""
    tied_output: bool = False
    """Score words by the vectors that they are embedded by, instead of by a matrix of their own."""
    scheduled_sampling: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Greatest share of the words shown in training that are the network's own instead of the caption's."""
    scheduled_sampling_steps: PositiveInt = 1000
    """Training steps over which that share rises from zero."""

    def problems(self) -> Iterator[InputError]:
        """Yield options that would do nothing."""
        yield from super().problems()
        if "scheduled_sampling_steps" in self.model_fields_set and not self.scheduled_sampling:
            yield InputError("scheduled_sampling_steps", "has no effect without scheduled_sampling above 0; remove it")

    @abstractmethod
    def decoder(self, **shared: Any) -> CaptionDecoder:
        """Return the decoder, given the options that all decoders share."""

    def build(self, spec: Spec, *, pretrained: bool = True) -> keras.Model:
        """Build the network: image (B, H, W, 3) and captions (B, N, T) to scores (B, N, T, V)."""
        import keras

        from ...layers import ImageEncoder

        assert isinstance(spec.target, Words)
        shape = spec.inputs["image"].shape
        image = keras.Input(shape, dtype="uint8", name="image")
        words = keras.Input((None, spec.target.max_words), dtype="int32", name="words")
        encoder = self.backbone.build(shape, pretrained=pretrained, regions=self.regions)
        features = ImageEncoder(encoder, name=ENCODER)(image)  # (B, D) or (B, L, D)
        decoder = self.decoder(
            vocabulary_size=len(spec.target.vocabulary),
            embedding_units=self.embedding_units,
            units=self.units,
            dropout=self.dropout,
            tied=self.tied_output,
            scheduled_sampling=self.scheduled_sampling,
            sampling_steps=self.scheduled_sampling_steps,
            name="decoder",
        )
        return keras.Model({"image": image, "words": words}, decoder(features, words), name=self.kind)
