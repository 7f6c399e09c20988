"""Convolutions alone over a line: what is left without recurrence (after Yousef, Hussain & Mohammed, 2020)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, PositiveInt

from .parts.line_reader import LineReader, columns_of

_Rate = Annotated[float, Field(ge=0, lt=1)]


class ConvLines(LineReader):
    """Convolutions alone along the line: what is left without recurrence."""

    kind: Literal["conv_lines"] = "conv_lines"
    filters: Annotated[tuple[PositiveInt, ...], Field(min_length=4)] = (24, 48, 64, 64, 96)
    """Maps of each convolution of the picture, first to last; all but the last halve the height."""
    along: Annotated[tuple[PositiveInt, ...], Field(min_length=1)] = (128, 128, 128)
    """Maps of each convolution along the line, first to last."""
    steps_seen: PositiveInt = 5
    """Steps that each convolution along the line sees."""
    dropout: _Rate = 0.2
    """Share of what each convolution along the line is shown that is dropped."""

    def steps(self, ink: Any, width: Any, pixels_per_step: int) -> Any:
        import keras

        from ..layers import WithinWidth

        x, pixels = columns_of(ink, width, self.filters, pixels_per_step)
        edges = (self.steps_seen // 2, (self.steps_seen - 1) // 2)
        for number, filters in enumerate(self.along, 1):
            x = keras.layers.SpatialDropout2D(self.dropout, name=f"dropout_{number}")(x)
            kernel = (
                (x.shape[1], self.steps_seen) if number == 1 else (1, self.steps_seen)
            )  # the first takes all height
            x = keras.layers.ZeroPadding2D(((0, 0), edges), name=f"edges_{number}")(x)
            x = keras.layers.Conv2D(filters, kernel, use_bias=False, name=f"along_{number}_conv")(x)
            x = keras.layers.BatchNormalization(momentum=0.9, name=f"along_{number}_norm")(x)
            x = keras.layers.ReLU(name=f"along_{number}_relu")(x)
            x = WithinWidth(pixels, name=f"along_{number}_within")(x, width)
        return keras.ops.squeeze(x, axis=1)  # (B, S, C)
