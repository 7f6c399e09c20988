"""CNN + LSTM, or LRCN (Donahue et al., CVPR 2015, arXiv 1411.4389): a CNN on every frame, an LSTM over the features.

Differs from the paper: the scores are read from the LSTM's outputs over time (last, mean or attention) before one
classifier, where LRCN classifies at every step and averages; the backbone is any modern CNN instead of CaffeNet.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field, PositiveInt

from ..contracts import InputError, Spec
from .parts.backbones import ENCODER, EncodedModel

if TYPE_CHECKING:
    import keras

_Rate = Annotated[float, Field(ge=0, lt=1)]


class CnnLstm(EncodedModel):
    """A CNN on every frame and a recurrent network over its features (LRCN)."""

    takes: ClassVar[frozenset[str]] = frozenset({"clip"})
    answers: ClassVar[str] = "classes"
    streams: ClassVar[bool] = True
    kind: Literal["cnn_lstm"] = "cnn_lstm"
    cell: Literal["lstm", "gru", "simple_rnn", "textbook_lstm"] = "lstm"
    """Kind of recurrent layer; `textbook_lstm` is the LSTM with one matrix for each gate, to read, and slow."""
    forget_bias: Literal[0, 1, "chrono"] = 1
    """Where an LSTM's forget biases start; `chrono` spreads the times over which cells forget from 1 to T frames."""
    units: Annotated[tuple[PositiveInt, ...], Field(min_length=1)] = (256,)
    """Units of each recurrent layer, first to last."""
    bidirectional: bool = False
    """Run each layer forwards and backwards and join the outputs."""
    readout: Literal["last", "mean", "attention"] = "last"
    """How the outputs over time become one vector: the last one, their mean, or a learned weighting."""
    feature_norm: bool = False
    """Bring each frame's features to mean 0 and deviation 1 (layer normalisation) before the recurrent layers."""
    feature_dropout: _Rate = 0.0
    """Share of the frame features dropped before the recurrent layers, the same ones in all frames."""
    dropout: _Rate = 0.5
    """Share of the read-out dropped before the classifier."""

    def problems(self) -> Iterator[InputError]:
        yield from super().problems()
        if self.forget_bias != 1 and self.cell not in ("lstm", "textbook_lstm"):
            yield InputError("forget_bias", f"is {self.forget_bias}, but cell: {self.cell} has no forget gate")

    def build(self, spec: Spec, *, pretrained: bool = True) -> keras.Model:
        import keras

        from ..layers import AttentionPooling1D, FoldTime

        num_frames, *frame = spec.inputs["clip"].shape
        assert num_frames is not None
        clip = keras.Input((num_frames, *frame), dtype="uint8", name="clip")  # (B, T, H, W, C)
        encoder = self.backbone.build(tuple(frame), pretrained=pretrained)
        x = FoldTime(encoder, name=ENCODER)(clip)  # (B, T, D)
        if self.feature_norm:
            x = keras.layers.LayerNormalization(name="feature_norm")(x)
        x = keras.layers.SpatialDropout1D(self.feature_dropout, name="feature_dropout")(x)
        for number, units in enumerate(self.units, 1):
            sequence = self.readout != "last" or number < len(self.units)
            layer = self._recurrent(units, num_frames, return_sequences=sequence, name=f"{self.cell}_{number}")
            if self.bidirectional:
                layer = keras.layers.Bidirectional(layer, name=f"bidirectional_{number}")
            x = layer(x)  # (B, T, U), or (B, U) where the last output is read
        if self.readout == "mean":
            x = keras.layers.GlobalAveragePooling1D(name="readout")(x)  # (B, U)
        elif self.readout == "attention":
            x = AttentionPooling1D(name="readout")(x)  # (B, U)
        x = keras.layers.Dropout(self.dropout, name="dropout")(x)
        logits = keras.layers.Dense(spec.num_classes, dtype="float32", name="logits")(x)  # (B, K)
        return keras.Model({"clip": clip}, logits, name=self.kind)

    def _recurrent(self, units: int, num_frames: int, **options: Any) -> keras.layers.Layer:
        """Return one recurrent layer."""
        import keras

        from ..layers import GRU, LSTM, ChronoBias, SimpleRNN, TextbookLSTMCell

        if self.cell in ("gru", "simple_rnn"):
            return {"gru": GRU, "simple_rnn": SimpleRNN}[self.cell](units, **options)
        bias: dict[str, Any] = {"unit_forget_bias": self.forget_bias == 1}
        if self.forget_bias == "chrono":
            if num_frames < 3:
                raise InputError("model.forget_bias", f"chrono needs clips of 3 frames or more, not {num_frames}")
            bias["bias_initializer"] = ChronoBias(num_frames)
        if self.cell == "textbook_lstm":
            return keras.layers.RNN(TextbookLSTMCell(units, **bias), **options)
        return LSTM(units, **bias, **options)
