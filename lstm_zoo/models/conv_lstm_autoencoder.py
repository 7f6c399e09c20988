"""ConvLSTM autoencoder (Chong & Tay, ISNN 2017, arXiv 1701.01546): clips that cannot be rebuilt are not normal.

Differs from the paper: sides and channels are smaller, and so are the first convolutions (5 for 11, 3 for 5); the error
of a clip counts for its last frame, so that no frame waits for later ones, and is not stretched by its film's range.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field, PositiveInt

from ..contracts import ModelConfig, Spec
from .parts.frame_inputs import check_sides, frame_inputs

if TYPE_CHECKING:
    import keras


class ConvLstmAutoencoder(ModelConfig):
    """Convolutions of each frame, three ConvLSTMs, and back to the clip; its map is the mean error of the frames."""

    takes: ClassVar[frozenset[str]] = frozenset({"clip"})
    answers: ClassVar[str] = "normal"
    kind: Literal["conv_lstm_autoencoder"] = "conv_lstm_autoencoder"
    channels: tuple[PositiveInt, PositiveInt] = (48, 24)
    """Channels of the two convolutions of each frame, which make sides a fourth and an eighth."""
    units: Annotated[tuple[PositiveInt, ...], Field(min_length=1)] = (24, 12, 24)
    """Channels of each ConvLSTM."""

    def build(self, spec: Spec, *, pretrained: bool = True) -> keras.Model:
        import keras
        from keras import layers

        from ..layers import ConvLSTM2D, FoldTime, ImageScaling
        from .parts.places import mean_of_places

        check_sides(spec, 8)
        inputs = frame_inputs(spec)
        frames = ImageScaling("unit", name="scaling")(inputs["clip"])  # (B, T, H, W, C)
        first, second = self.channels
        down = layers.Conv2D(first, 5, strides=4, padding="same", activation="tanh", name="down_1")
        x = FoldTime(down, name="frames_down_1")(frames)
        down = layers.Conv2D(second, 3, strides=2, padding="same", activation="tanh", name="down_2")
        x = FoldTime(down, name="frames_down_2")(x)  # (B, T, H/8, W/8, D)
        for number, units in enumerate(self.units, 1):
            x = ConvLSTM2D(units, 3, padding="same", return_sequences=True, name=f"conv_lstm_{number}")(x)
        up = layers.Conv2DTranspose(first, 3, strides=2, padding="same", activation="tanh", name="up_1")
        x = FoldTime(up, name="frames_up_1")(x)
        up = layers.Conv2DTranspose(frames.shape[-1], 5, strides=4, padding="same", name="up_2")
        x = FoldTime(up, name="frames_up_2")(x)  # (B, T, H, W, C)
        error = keras.ops.mean(keras.ops.square(keras.ops.cast(x - frames, "float32")), axis=1)  # (B, H, W, C)
        return keras.Model(inputs, mean_of_places(error), name=self.kind)
