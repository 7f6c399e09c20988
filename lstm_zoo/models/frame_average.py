"""Frame averaging: the per-frame network of `cnn_lstm` with the mean over time, what is left without order.

The "single frame" baseline of LRCN (Donahue et al., CVPR 2015, arXiv 1411.4389).
Differs from the paper: features are averaged before the classifier, where the paper averages class scores.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from ..contracts import ModelConfig, Spec
from .backbones import BackboneConfig

if TYPE_CHECKING:
    import keras


class FrameAverage(ModelConfig):
    """A CNN on every frame and the mean of its features: a baseline blind to order."""

    tasks: ClassVar[frozenset[str]] = frozenset({"classification"})
    kind: Literal["frame_average"] = "frame_average"
    backbone: BackboneConfig = BackboneConfig()
    """The network on every frame."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.5
    """Share of the averaged features dropped before the classifier."""

    def build(self, spec: Spec, *, pretrained: bool = True) -> keras.Model:
        """Build the network."""
        import keras

        from ..layers import FoldTime

        inputs = keras.Input(spec.input_shape, dtype="uint8", name="clip")  # (B, T, H, W, C)
        encoder = self.backbone.build(spec.input_shape[1:], pretrained=pretrained)
        x = FoldTime(encoder, name="encoder")(inputs)  # (B, T, D)
        x = keras.layers.GlobalAveragePooling1D(name="readout")(x)  # (B, D)
        x = keras.layers.Dropout(self.dropout, name="dropout")(x)
        logits = keras.layers.Dense(spec.num_classes, dtype="float32", name="logits")(x)  # (B, K)
        return keras.Model(inputs, logits, name=self.kind)
