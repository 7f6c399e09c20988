"""ConvLSTM encoder-forecaster (Shi et al., NIPS 2015, arXiv 1506.04214): a clip is read, its states are read on.

The encoder's ConvLSTMs hand their states to those of a forecaster, which takes them on without seeing any frame.

Differs from the paper: between its layers the picture is halved and doubled, as in the authors' TrajGRU (NIPS 2017,
arXiv 1706.03458); the forecaster's top layer is given what the encoder saw last, at every step, instead of nothing; no
peepholes; frames are drawn by a 3 x 3 convolution that also sees the clip's last frame, then one of 1 x 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field, PositiveInt

from ..contracts import Frames, ModelConfig, Spec
from .parts.frame_inputs import frame_inputs
from .parts.odd_size import OddSize

if TYPE_CHECKING:
    import keras

_START = 8  # channels of what the forecaster's top layer is given


class ConvLstmForecaster(ModelConfig):
    """Convolutional LSTMs that read a clip, and others that take their states on (Shi et al. 2015)."""

    takes: ClassVar[frozenset[str]] = frozenset({"clip"})
    answers: ClassVar[str] = "frames"
    kind: Literal["conv_lstm_forecaster"] = "conv_lstm_forecaster"
    patch: PositiveInt = 4
    """Side of the squares of pixels that the picture is taken apart into, in pixels."""
    units: Annotated[tuple[PositiveInt, ...], Field(min_length=1)] = (32, 64)
    """Units of each ConvLSTM of the encoder, first to last; each after the first sees half the rows and columns."""
    kernel_size: OddSize = 3
    """Side of what a unit sees of the step before, in patches; odd."""
    decoder: PositiveInt = 32
    """Maps from which the pixels of a patch are drawn."""

    def build(self, spec: Spec, *, pretrained: bool = True) -> keras.Model:
        """Build the network; there are no pretrained weights, and it looks at no later frame."""
        import keras
        from keras import ops

        from ..layers import FoldTime, ImageScaling
        from ..layers.frames.patches import from_patches, to_patches

        del pretrained
        assert isinstance(spec.target, Frames)
        horizon, height, width, channels = spec.target.shape
        inputs = frame_inputs(spec)
        shown = to_patches(ImageScaling("unit", name="scaling")(inputs["clip"]), self.patch)  # (B, T, h, w, D)
        states = self._encoded(shown)
        start = keras.layers.Dense(_START, "tanh", name="start")(states[-1][0])  # (B, h', w', 8)
        x = self._foretold(_repeated(start, horizon), states)  # (B, horizon, h, w, U)
        x = ops.concatenate([x, _repeated(shown[:, -1], horizon)], axis=-1)
        drawn = keras.layers.Conv2D(self.decoder, 3, padding="same", activation="leaky_relu", name="decoder_conv")
        x = FoldTime(drawn, name="decoder")(x)
        x = keras.layers.Dense(self.patch**2 * channels, dtype="float32", name="logits")(x)
        return keras.Model(inputs, from_patches(x, self.patch, height, width), name=self.kind)

    def _encoded(self, x: Any) -> list[list[Any]]:
        """Return the last states h and c of each layer, given the patches of a clip."""
        import keras

        from ..layers import FoldTime

        states = []
        for number, units in enumerate(self.units, 1):
            if number > 1:
                half = keras.layers.Conv2D(units, 3, 2, "same", activation="leaky_relu", name=f"halves_{number}_conv")
                x = FoldTime(half, name=f"halves_{number}")(x)
            x, *last = self._layer(units, f"encoder_{number}")(x)
            states.append(last)
        return states

    def _foretold(self, x: Any, states: list[list[Any]]) -> Any:
        """Return what the forecaster's layers make of the encoder's states, from the last layer to the first."""
        import keras

        from ..layers import FoldTime
        from ..layers.frames.patches import from_patches

        for number, before in reversed([*enumerate(states, 1)]):
            rows, columns, units = before[0].shape[1:]
            if number < len(states):
                wide = keras.layers.Conv2D(4 * units, 3, padding="same", activation="leaky_relu", name=f"wide_{number}")
                x = from_patches(FoldTime(wide, name=f"doubles_{number}")(x), 2, rows, columns)
            x, *_ = self._layer(units, f"forecaster_{number}")(x, initial_state=before)
        return x

    def _layer(self, units: int, name: str) -> keras.layers.Layer:
        from ..layers import ConvLSTM2D

        options = {"padding": "same", "return_sequences": True, "return_state": True, "name": name}
        return ConvLSTM2D(units, self.kernel_size, **options)


def _repeated(picture: Any, times: int) -> Any:
    """Return a picture once for each step, (B, h, w, D) to (B, times, h, w, D)."""
    from keras import ops

    return ops.repeat(ops.expand_dims(picture, 1), times, axis=1)
