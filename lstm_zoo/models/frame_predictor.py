"""Frame predictor: a ConvLSTM foretells the last frame of a clip; what it cannot foretell is not normal.

After future frame prediction (Liu, Luo, Lian & Gao, CVPR 2018, arXiv 1712.09867), with a ConvLSTM (Shi et al., NIPS
2015, arXiv 1506.04214) in place of its U-Net.
Differs from the papers: the last but one frame is corrected, so that training starts from the difference of frames;
each frame is shown with its difference to the one before; the loss is the squared error alone, without gradients, flow
and discriminator.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import PositiveInt

from ..contracts import InputError, ModelConfig, Spec
from .parts.frame_inputs import check_sides, frame_inputs, with_differences

if TYPE_CHECKING:
    import keras


class FramePredictor(ModelConfig):
    """A ConvLSTM that foretells the last frame of a clip from those before; its map is the squared error."""

    takes: ClassVar[frozenset[str]] = frozenset({"clip"})
    answers: ClassVar[str] = "normal"
    kind: Literal["frame_predictor"] = "frame_predictor"
    units: PositiveInt = 48
    """Channels of the ConvLSTM."""

    def build(self, spec: Spec, *, pretrained: bool = True) -> keras.Model:
        import keras
        from keras import layers

        from ..layers import ConvLSTM2D, FoldTime, ImageScaling
        from .parts.places import mean_of_places

        check_sides(spec, 4)
        if (num_frames := spec.inputs["clip"].shape[0] or 0) < 3:
            raise InputError(
                "data.num_frames", f"is {num_frames}, but {self.kind} sees how frames differ; set 3 or more"
            )
        inputs = frame_inputs(spec)
        frames = ImageScaling("unit", name="scaling")(inputs["clip"])  # (B, T, H, W, C)
        past, before = frames[:, :-1], frames[:, -2]
        half = layers.Conv2D(self.units // 2, 5, strides=2, padding="same", activation="relu", name="half")
        quarter = layers.Conv2D(self.units, 3, strides=2, padding="same", activation="relu", name="quarter")
        x = FoldTime(half, name="half_frames")(with_differences(past))  # (B, T-2, H/2, W/2, U/2)
        skipped = x[:, -1]
        x = FoldTime(quarter, name="quarter_frames")(x)  # (B, T-2, H/4, W/4, U)
        x = ConvLSTM2D(self.units, 3, padding="same", name="conv_lstm")(x)  # (B, H/4, W/4, U)
        for name, side in (("up_half", self.units // 2), ("up_whole", self.units // 4)):
            x = layers.Conv2DTranspose(side, 4, strides=2, padding="same", activation="relu", name=name)(x)
            if name == "up_half":
                x = layers.Concatenate(name="with_skipped")([x, skipped])  # (B, H/2, W/2, U)
        channels = spec.inputs["clip"].shape[-1]
        small: Any = keras.initializers.RandomNormal(stddev=0.01)
        correction = layers.Conv2D(channels, 3, padding="same", kernel_initializer=small, name="correction")(x)
        error = keras.ops.square(keras.ops.cast(before + correction - frames[:, -1], "float32"))  # (B, H, W, C)
        return keras.Model(inputs, mean_of_places(error), name=self.kind)
