"""CRNN (Shi, Bai & Yao, TPAMI 2017, arXiv:1507.05717): convolutions, then LSTMs in both directions along the line.

Differs from the paper: five narrow convolutions, all of them normalised, instead of VGG's; every line keeps its ratio
of width to height, and a batch holds lines of many widths.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, PositiveInt

from .parts.line_reader import LineReader, columns_of

_Rate = Annotated[float, Field(ge=0, lt=1)]


class Crnn(LineReader):
    """Convolutions, then recurrent layers in both directions along the line (CRNN)."""

    kind: Literal["crnn"] = "crnn"
    filters: Annotated[tuple[PositiveInt, ...], Field(min_length=4)] = (24, 48, 64, 64, 96)
    """Maps of each convolution, first to last; all but the last halve the height."""
    cell: Literal["lstm", "gru", "simple_rnn"] = "lstm"
    """Kind of recurrent layer."""
    units: Annotated[tuple[PositiveInt, ...], Field(min_length=1, max_length=5)] = (128,)
    """Units of each recurrent layer in each direction, first to last."""
    feature_dropout: _Rate = 0.2
    """Share of what the recurrent layers are shown that is dropped."""
    dropout: _Rate = 0.3
    """Share of the outputs of each recurrent layer that is dropped."""

    def steps(self, ink: Any, width: Any, pixels_per_step: int) -> Any:
        import keras

        x, pixels = columns_of(ink, width, self.filters, pixels_per_step)
        height, filters = x.shape[1], x.shape[3]
        x = keras.layers.Permute((2, 1, 3), name="columns")(x)  # (B, S, h, C)
        x = keras.layers.Reshape((-1, height * filters), name="features")(x)  # (B, S, h C)
        x = keras.layers.Dropout(self.feature_dropout, name="feature_dropout")(x)
        for number, units in enumerate(self.units, 1):
            x = self.both_ways(x, width, units, pixels, number)  # (B, S, 2 U)
            x = keras.layers.Dropout(self.dropout, name=f"dropout_{number}")(x)
        return x

    def both_ways(self, x: Any, width: Any, units: int, pixels: int, number: int) -> Any:
        """Return the outputs of a recurrent layer in each direction, (B, S, 2 U), each from the line's own end on."""
        import keras

        from ..layers import GRU, LSTM, SimpleRNN, TurnWithin

        kind = {"lstm": LSTM, "gru": GRU, "simple_rnn": SimpleRNN}[self.cell]
        forward = kind(units, return_sequences=True, name=f"forward_{self.cell}_{number}")(x)
        turned = TurnWithin(pixels, name=f"turned_{number}")(x, width)
        backward = kind(units, return_sequences=True, name=f"backward_{self.cell}_{number}")(turned)
        backward = TurnWithin(pixels, name=f"turned_back_{number}")(backward, width)
        return keras.layers.Concatenate(name=f"both_directions_{number}")([forward, backward])
