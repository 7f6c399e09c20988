"""What is left of `md_lstm_labeller` without context: a dense layer on each window in place of each 2-D LSTM.

The floor of scene labelling with 2-D LSTMs: the difference to it is what they bring.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from .parts.window_labeller import WindowLabeller

if TYPE_CHECKING:
    import keras


class WindowDense(WindowLabeller):
    """Dense tanh layers on each window of an image alone: scene labelling without context."""

    kind: Literal["window_dense"] = "window_dense"

    def context(self, x: keras.KerasTensor, mask: Any, units: int, number: int) -> keras.KerasTensor:
        import keras

        del mask
        return keras.layers.Dense(units, activation="tanh", name=f"window_{number}")(x)
