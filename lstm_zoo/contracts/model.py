"""What a model owes the others."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from .section import Section
from .spec import Spec

if TYPE_CHECKING:
    import keras


class EncoderConfig(Section, ABC):
    """Part of a network that turns its input into features by itself, and may be frozen."""

    @property
    @abstractmethod
    def frozen(self) -> bool:
        """Whether nothing in it is trained."""

    @property
    @abstractmethod
    def downloads(self) -> bool:
        """Whether its weights come over the network."""


class ModelConfig(Section, ABC):
    """The `model` section: one network, from named inputs (pixels: uint8) and hints of training to logits."""

    kind: str
    """Name of the model."""
    takes: ClassVar[frozenset[str]]
    """Names of inputs; data have to give one of them, and nothing else."""
    answers: ClassVar[str]
    """Kind of target that its logits are for."""
    streams: ClassVar[bool] = False
    """Whether it sees frames one after the other, so that it can be shown them one at a time."""

    @property
    def encoder(self) -> EncoderConfig | None:
        """The part that turns the input into features; None where no part does so by itself."""
        return None

    def features(self, model: keras.Model) -> keras.KerasTensor:
        """Return what the encoder gives within a built network, (B, ...)."""
        raise AssertionError(f"{self.kind} has no encoder")

    @abstractmethod
    def build(self, spec: Spec, *, pretrained: bool = True) -> keras.Model:
        """Build the network: from a dict of inputs and hints, named as in the spec, to logits.

        Args:
            spec: Shapes and target of the data.
            pretrained: Load pretrained weights; False where a run's own weights follow.

        Raises:
            InputError: The options do not fit the data or a weights file does not fit the network.
        """
