"""Texture classification with 2-D LSTMs (Byeon, Liwicki & Breuel, ICPR 2014): raw pixels, no features made by hand.

Differs from the paper: its sizes were not at hand; windows, stable cells and the mean over all windows before the
classifier are our choice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field, PositiveInt

from ..contracts import ModelConfig, Spec
from .parts.pictures import in_windows, mean_of_windows, picture_input
from .parts.window_labeller import Cell

if TYPE_CHECKING:
    import keras


class MdLstmClassifier(ModelConfig):
    """2-D LSTMs over windows of an image, and a classifier of their mean."""

    takes: ClassVar[frozenset[str]] = frozenset({"image"})
    answers: ClassVar[str] = "classes"
    kind: Literal["md_lstm_classifier"] = "md_lstm_classifier"
    window: PositiveInt = 4
    """Side of a window, in pixels."""
    units: Annotated[tuple[PositiveInt, ...], Field(min_length=1)] = (32,)
    """Units of each 2-D LSTM in each direction, first to last."""
    cell: Cell = "stable"
    """Cell of the 2-D LSTMs."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the mean that is dropped before the classifier."""

    def build(self, spec: Spec, *, pretrained: bool = True) -> keras.Model:
        import keras

        from ..layers import MDLSTM2D

        del pretrained
        inputs = picture_input(spec)
        x, mask = in_windows(inputs, spec, self.window)  # (B, h, w, n * n * C)
        for number, units in enumerate(self.units, 1):
            x = MDLSTM2D(units, self.cell, merge="concat", name=f"md_lstm_{number}")(x, mask=mask)  # (B, h, w, 4 U)
        x = mean_of_windows(x, mask)  # (B, 4 U)
        x = keras.layers.Dropout(self.dropout, name="dropout")(x)
        logits = keras.layers.Dense(spec.num_classes, dtype="float32", name="logits")(x)  # (B, K)
        return keras.Model({inputs.name: inputs}, logits, name=self.kind)
