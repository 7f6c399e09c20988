"""Tempo LSTM: a ConvLSTM learns from normal films to tell clips that run too fast, place by place; so does what is odd.

After learning not to reconstruct anomalies (Astrid, Zaheer, Lee & Lee, BMVC 2021, arXiv 2110.09742), whose frames that
are skipped make pseudo anomalies.
Differs from the paper: they train a classifier of places, where there they spoil the targets of an autoencoder. Each
frame is shown with its difference to the one before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field, PositiveInt

from ..contracts import InputError, ModelConfig, Normal, Spec
from .parts.frame_inputs import frame_inputs, with_differences

if TYPE_CHECKING:
    import keras


class TempoLstm(ModelConfig):
    """A ConvLSTM whose map says where a clip looks as if it ran faster than it was filmed."""

    takes: ClassVar[frozenset[str]] = frozenset({"clip"})
    answers: ClassVar[str] = "normal"
    kind: Literal["tempo_lstm"] = "tempo_lstm"
    channels: tuple[PositiveInt, ...] = (16, 24, 32)
    """Channels of the convolutions of each frame; each halves its sides."""
    units: PositiveInt = 32
    """Channels of the ConvLSTM."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.2
    """Share of its channels dropped before the map."""

    def build(self, spec: Spec, *, pretrained: bool = True) -> keras.Model:
        import keras
        from keras import layers

        from ..layers import ConvLSTM2D, FoldTime, ImageScaling

        assert isinstance(spec.target, Normal)
        if not spec.target.tempos:
            raise InputError("data.tempos", f"is empty, but {self.kind} learns from clips that run fast; set [2, 3, 4]")
        inputs = frame_inputs(spec)
        frames = ImageScaling("unit", name="scaling")(inputs["clip"])  # (B, T, H, W, C)
        x = with_differences(frames)  # (B, T-1, H, W, 2C)
        for number, channels in enumerate(self.channels, 1):
            half = layers.Conv2D(channels, 3, strides=2, padding="same", activation="relu", name=f"half_{number}")
            x = FoldTime(half, name=f"frames_{number}")(x)
        x = ConvLSTM2D(self.units, 3, padding="same", name="conv_lstm")(x)  # (B, h, w, U)
        x = layers.SpatialDropout2D(self.dropout, name="dropout")(x)
        logits = layers.Conv2D(1, 1, dtype="float32", name="logits")(x)
        return keras.Model(inputs, keras.ops.squeeze(logits, axis=-1), name=self.kind)
