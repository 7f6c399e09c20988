"""2-D LSTMs over a line's picture (Graves & Schmidhuber, NIPS 2008; Voigtlaender, Doetsch & Ney, ICFHR 2016).

Differs from the papers: two 2-D LSTMs of the stable cell instead of Voigtlaender's five, convolutions that are
normalised before and between them, and a mean over the height instead of a sum.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, PositiveInt

from .parts.line_reader import LineReader, convolved, pools
from .parts.window_labeller import Cell

_Rate = Annotated[float, Field(ge=0, lt=1)]


class MdLstmLines(LineReader):
    """2-D LSTMs and convolutions in turns over a line's picture, then a mean over its height."""

    kind: Literal["md_lstm_lines"] = "md_lstm_lines"
    filters: Annotated[tuple[PositiveInt, ...], Field(min_length=1)] = (16, 32)
    """Maps of each convolution before the first 2-D LSTM."""
    units: Annotated[tuple[PositiveInt, ...], Field(min_length=1)] = (24, 48)
    """Units of each 2-D LSTM in each of its four directions, first to last."""
    between: PositiveInt = 64
    """Maps of the convolution between two 2-D LSTMs; each of them halves the height."""
    cell: Cell = "stable"
    """Cell of the 2-D LSTMs."""
    dropout: _Rate = 0.2
    """Share of the outputs of each 2-D LSTM that is dropped."""

    def steps(self, ink: Any, width: Any, pixels_per_step: int) -> Any:
        import keras

        from ..layers import MDLSTM2D, ColumnMask, WithinWidth

        x, pixels = ink, 1
        number = len(self.filters) + len(self.units) - 1
        shrinks = iter(pools(number + 1, pixels_per_step))
        for at, filters in enumerate(self.filters, 1):
            pool = next(shrinks)
            x = convolved(x, width, filters, pool, pixels, f"cnn_{at}")
            pixels *= pool[1]
        for at, units in enumerate(self.units, 1):
            if at > 1:
                pool = next(shrinks)
                x = convolved(x, width, self.between, pool, pixels, f"between_{at - 1}")
                pixels *= pool[1]
            mask = ColumnMask(pixels, name=f"mask_{at}")(x, width)  # (B, h, w)
            x = MDLSTM2D(units, self.cell, merge="concat", name=f"md_lstm_{at}")(x, mask=mask)  # (B, h, w, 4 U)
            x = WithinWidth(pixels, name=f"md_lstm_{at}_within")(x, width)
            x = keras.layers.SpatialDropout2D(self.dropout, name=f"dropout_{at}")(x)
        return keras.ops.mean(x, axis=1)  # (B, S, 4 U)
