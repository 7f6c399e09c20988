"""PyraMiD-LSTM (Stollenga, Byeon, Liwicki, Schmidhuber, NIPS 2015, arXiv 1506.07452): a volume swept from all sides.

Differs from the paper: pixels are scaled to -1..1, where the paper normalises each slice, subtracts its blurred copy
and equalises its contrast (CLAHE); nothing is dropped by default; images (4 sweeps) are taken as well as volumes (6).
What belongs to training there (sub-volumes that grow, RMSProp, test volumes stitched together) is not in the network.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field, PositiveInt, model_validator

from ..contracts import ModelConfig, Spec
from .parts.odd_size import OddSize
from .parts.pictures import picture_input, scaled_pixels, without_padding

if TYPE_CHECKING:
    import keras


class PyramidLstm(ModelConfig):
    """Layers of convolutional LSTMs that sweep from every side, with dense layers on each voxel between them."""

    takes: ClassVar[frozenset[str]] = frozenset({"image", "volume"})
    answers: ClassVar[str] = "label_map"
    kind: Literal["pyramid_lstm"] = "pyramid_lstm"
    units: Annotated[tuple[PositiveInt, ...], Field(min_length=1)] = (16, 32, 64)
    """Units of each PyraMiD-LSTM layer, first to last."""
    dense: tuple[PositiveInt, ...] = (25, 45)
    """Units of the dense layers (tanh) between them, one fewer than PyraMiD-LSTM layers."""
    kernel_size: OddSize = 7
    """Side of the square of the plane before that a unit sees, in voxels; odd."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of each dense layer's outputs that is dropped in training."""

    @model_validator(mode="after")
    def _dense_between(self) -> PyramidLstm:
        if len(self.dense) != len(self.units) - 1:
            raise ValueError(
                f"dense has {len(self.dense)} numbers and units {len(self.units)}; dense needs one fewer than units"
            )
        return self

    def build(self, spec: Spec, *, pretrained: bool = True) -> keras.Model:
        """Build the network: (B, H, W, C) or (B, Z, H, W, C) to scores (..., K); there are no pretrained weights."""
        import keras

        from ..layers import PyraMiDLSTM

        del pretrained
        inputs = picture_input(spec)
        x, mask = scaled_pixels(inputs, spec)
        for number, units in enumerate(self.units, 1):
            if number > 1:
                width = self.dense[number - 2]
                x = keras.layers.Dense(width, activation="tanh", name=f"dense_{number - 1}")(x)
                x = keras.layers.Dropout(self.dropout, name=f"dropout_{number - 1}")(x)
            x = PyraMiDLSTM(units, self.kernel_size, name=f"pyramid_{number}")(x, mask=mask)  # (B, ..., U)
        logits = keras.layers.Dense(spec.num_classes, dtype="float32", name="logits")(x)  # (B, ..., K)
        return keras.Model({inputs.name: inputs}, without_padding(logits, mask), name=self.kind)
