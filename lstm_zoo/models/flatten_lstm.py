"""The TimeDistributed-Flatten LSTM, the project's founding baseline: raw pixels of each frame straight into an LSTM.

As in the founding document: 16x112x112x3 -> flatten each frame -> LSTM(256) -> Dense(256, relu) -> Dense(K);
38,866,698 parameters for 10 classes. 99 % of them are the LSTM's input kernel: expect it to overfit, heavily.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import PositiveInt

from ..contracts import ModelConfig, Spec

if TYPE_CHECKING:
    import keras


class FlattenLstm(ModelConfig):
    """Each frame flattened to one vector of pixels, and an LSTM over the vectors."""

    takes: ClassVar[frozenset[str]] = frozenset({"clip"})
    answers: ClassVar[str] = "classes"
    streams: ClassVar[bool] = True
    kind: Literal["flatten_lstm"] = "flatten_lstm"
    units: PositiveInt = 256
    """Units of the LSTM, U."""
    hidden: PositiveInt = 256
    """Units of the dense layer before the classifier."""

    def build(self, spec: Spec, *, pretrained: bool = True) -> keras.Model:
        import keras

        from ..layers import LSTM, FoldTime, ImageScaling

        del pretrained
        clip = keras.Input(spec.inputs["clip"].shape, dtype="uint8", name="clip")  # (B, T, H, W, C)
        x = ImageScaling("unit", name="scaling")(clip)
        x = FoldTime(keras.layers.Flatten(), name="flatten")(x)  # (B, T, H*W*C)
        x = LSTM(self.units, name="lstm")(x)  # (B, U)
        x = keras.layers.Dense(self.hidden, activation="relu", name="hidden")(x)
        logits = keras.layers.Dense(spec.num_classes, dtype="float32", name="logits")(x)  # (B, K)
        return keras.Model({"clip": clip}, logits, name=self.kind)
