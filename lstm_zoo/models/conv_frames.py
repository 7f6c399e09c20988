"""What is left of a forecaster without recurrence: convolutions over all frames of the clip at once, as channels.

How far convolutions alone get: Gao, Tan, Wu & Li, "SimVP", CVPR 2022, arXiv 2206.05099. Differs from the paper: far
smaller, and without its inception blocks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field, PositiveInt

from ..contracts import Frames, ModelConfig, Spec
from .parts.frame_inputs import frame_inputs

if TYPE_CHECKING:
    import keras


class ConvFrames(ModelConfig):
    """Convolutions over all frames of a clip at once: the frames that follow, without recurrence."""

    takes: ClassVar[frozenset[str]] = frozenset({"clip"})
    answers: ClassVar[str] = "frames"
    kind: Literal["conv_frames"] = "conv_frames"
    patch: PositiveInt = 4
    """Side of the squares of pixels that the picture is taken apart into, in pixels."""
    filters: PositiveInt = 64
    """Maps of each convolution."""
    dilations: Annotated[tuple[PositiveInt, ...], Field(min_length=1)] = (1, 2, 4, 1)
    """Distance between the places that each convolution sees, in patches, first to last."""

    def build(self, spec: Spec, *, pretrained: bool = True) -> keras.Model:
        import keras
        from keras import ops

        from ..layers import ImageScaling
        from ..layers.frames.patches import from_patches

        assert isinstance(spec.target, Frames)
        horizon, height, width, channels = spec.target.shape
        inputs = frame_inputs(spec)
        clip = ImageScaling("unit", name="scaling")(inputs["clip"])  # (B, T, H, W, C)
        x: Any = ops.concatenate(ops.unstack(clip, axis=1), axis=-1)  # (B, H, W, T * C)
        x = keras.layers.Conv2D(self.filters, self.patch, self.patch, "same", activation="relu", name="patches")(x)
        for number, dilation in enumerate(self.dilations, 1):
            convolution = keras.layers.Conv2D(
                *(self.filters, 3),
                padding="same",
                dilation_rate=dilation,
                activation="relu",
                name=f"conv_{number}",
            )
            x = x + convolution(x)
        rows, columns = x.shape[1:3]
        x = keras.layers.Dense(horizon * self.patch**2 * channels, dtype="float32", name="logits")(x)
        x = ops.reshape(x, (-1, rows, columns, horizon, self.patch**2 * channels))
        x = from_patches(ops.transpose(x, (0, 3, 1, 2, 4)), self.patch, height, width)
        return keras.Model(inputs, x, name=self.kind)
