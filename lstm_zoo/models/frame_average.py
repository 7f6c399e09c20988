"""Frame averaging: the per-frame network of `cnn_lstm` with the mean over time, what is left without order.

The "single frame" baseline of LRCN (Donahue et al., CVPR 2015, arXiv 1411.4389).
Differs from the paper: features are averaged before the classifier, where the paper averages class scores.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from ..contracts import Spec
from .parts.backbones import ENCODER, EncodedModel

if TYPE_CHECKING:
    import keras


class FrameAverage(EncodedModel):
    """A CNN on every frame and the mean of its features: a baseline blind to order."""

    takes: ClassVar[frozenset[str]] = frozenset({"clip"})
    answers: ClassVar[str] = "classes"
    streams: ClassVar[bool] = True
    kind: Literal["frame_average"] = "frame_average"
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.5
    """Share of the averaged features dropped before the classifier."""

    def build(self, spec: Spec, *, pretrained: bool = True) -> keras.Model:
        import keras

        from ..layers import FoldTime

        num_frames, *frame = spec.inputs["clip"].shape
        clip = keras.Input((num_frames, *frame), dtype="uint8", name="clip")  # (B, T, H, W, C)
        encoder = self.backbone.build(tuple(frame), pretrained=pretrained)
        x = FoldTime(encoder, name=ENCODER)(clip)  # (B, T, D)
        x = keras.layers.GlobalAveragePooling1D(name="readout")(x)  # (B, D)
        x = keras.layers.Dropout(self.dropout, name="dropout")(x)
        logits = keras.layers.Dense(spec.num_classes, dtype="float32", name="logits")(x)  # (B, K)
        return keras.Model({"clip": clip}, logits, name=self.kind)
