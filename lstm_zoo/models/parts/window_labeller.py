"""Networks that score the windows of an image: layers that may see other windows, with dense layers between."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field, PositiveInt, model_validator

from ...contracts import ModelConfig, Spec
from .pictures import in_windows, picture_input, without_padding

if TYPE_CHECKING:
    import keras

Cell = Literal["stable", "graves", "leaky_lp"]


class WindowLabeller(ModelConfig):
    """What networks share that score windows: layers that may see other windows, with dense layers between."""

    takes: ClassVar[frozenset[str]] = frozenset({"image"})
    answers: ClassVar[str] = "label_map"

    window: PositiveInt = 4
    """Side of a window, in pixels."""
    units: Annotated[tuple[PositiveInt, ...], Field(min_length=1)] = (24, 32)
    """Units of each layer, first to last; of a 2-D LSTM in each direction."""
    dense: tuple[PositiveInt, ...] = (48, 64)
    """Units of the tanh layer after each of them."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the outputs of each tanh layer that is dropped in training."""

    @model_validator(mode="after")
    def _in_turns(self) -> WindowLabeller:
        if len(self.dense) != len(self.units):
            raise ValueError(
                f"units has {len(self.units)} layers and dense {len(self.dense)}; expected one tanh layer after each"
            )
        return self

    @abstractmethod
    def context(self, x: keras.KerasTensor, mask: Any, units: int, number: int) -> keras.KerasTensor:
        """Return what a layer makes of windows (B, h, w, D): (B, h, w, U)."""

    def build(self, spec: Spec, *, pretrained: bool = True) -> keras.Model:
        """Build the network; there are no pretrained weights. It returns the scores of windows, (B, h, w, K)."""
        import keras

        del pretrained
        inputs = picture_input(spec)
        x, mask = in_windows(inputs, spec, self.window)  # (B, h, w, n * n * C)
        for number, (units, dense) in enumerate(zip(self.units, self.dense, strict=True), 1):
            x = self.context(x, mask, units, number)
            x = keras.layers.Dense(dense, activation="tanh", name=f"dense_{number}")(x)
            x = keras.layers.Dropout(self.dropout, name=f"dropout_{number}")(x)
        logits = keras.layers.Dense(spec.num_classes, dtype="float32", name="logits")(x)
        # Padding has no say where scores are interpolated.
        return keras.Model({inputs.name: inputs}, without_padding(logits, mask), name=self.kind)
