"""Show and Tell (Vinyals et al., CVPR 2015, arXiv 1411.4555): an image is encoded, an LSTM writes what it shows.

Differs from the paper: the image sets the LSTM's first state, where the paper shows it as the first input; either way
it enters once. The backbone is any modern CNN instead of GoogLeNet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from .parts.captioner import Captioner

if TYPE_CHECKING:
    from ..layers.language.caption_decoder import CaptionDecoder


class ShowTell(Captioner):
    """Encoder-decoder captioner: the image sets the state of the LSTM that writes (Show and Tell)."""

    kind: Literal["show_tell"] = "show_tell"
    regions: ClassVar[bool] = False

    def decoder(self, **shared: Any) -> CaptionDecoder:
        from ..layers import ShowTellDecoder

        return ShowTellDecoder(**shared)
