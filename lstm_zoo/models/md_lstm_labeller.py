"""Scene labelling with 2-D LSTMs (Byeon, Breuel, Raue & Liwicki, CVPR 2015): context without convolutions.

The image is cut into non-overlapping windows, each one vector; 2-D LSTM layers from all four corners and dense tanh
layers on each window take turns, and a last dense layer gives the scores of each window.

Differs from the paper: stable cells (`cell: graves` gives the plain ones); scores are interpolated to pixels when the
network is used; training by Adam.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from .parts.window_labeller import Cell, WindowLabeller

if TYPE_CHECKING:
    import keras


class MdLstmLabeller(WindowLabeller):
    """Stacked 2-D LSTMs over windows of an image, with scores for each window (Byeon et al. 2015)."""

    kind: Literal["md_lstm_labeller"] = "md_lstm_labeller"
    cell: Cell = "stable"
    """Cell of the 2-D LSTMs: `stable`, `graves` (the paper's, which can grow without bound) or `leaky_lp`."""
    merge: Literal["sum", "mean", "concat"] = "concat"
    """What becomes of the outputs of the four directions before the tanh layer; `concat` gives each a projection of its
    own there, as in the paper."""

    def context(self, x: keras.KerasTensor, mask: Any, units: int, number: int) -> keras.KerasTensor:
        from ..layers import MDLSTM2D

        return MDLSTM2D(units, self.cell, merge=self.merge, name=f"md_lstm_{number}")(x, mask=mask)
