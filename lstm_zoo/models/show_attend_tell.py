"""Show, Attend and Tell (Xu et al., ICML 2015, arXiv 1502.03044), soft attention.

Differs from the paper: captions begin with a start word instead of a vector of zeros; the first state comes from the
mean region by one tanh layer each; the backbone is any modern CNN instead of VGG; regions may be brought to fewer
features (`region_units`) and be told where they lie (`positions`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import NonNegativeFloat, PositiveInt

from ..contracts import InputError
from .parts.captioner import Captioner

if TYPE_CHECKING:
    from ..layers.language.caption_decoder import CaptionDecoder


class ShowAttendTell(Captioner):
    """Captioner that looks at the image's regions before each word (Show, Attend and Tell)."""

    kind: Literal["show_attend_tell"] = "show_attend_tell"
    regions: ClassVar[bool] = True
    attention_units: PositiveInt = 256
    """Width of the attention's hidden layer, A."""
    region_units: PositiveInt | None = None
    """Width to which the regions' features are brought first; null: they stay as the backbone gives them."""
    positions: bool = False
    """Add a learned vector to each region that says where it lies; for backbones that do not see far."""
    penalty: NonNegativeFloat = 1.0
    """Weight of the doubly stochastic penalty, a mean over captions and regions."""

    def problems(self) -> Iterator[InputError]:
        """Yield options that would do nothing."""
        yield from super().problems()
        if "pooling" in self.backbone.model_fields_set:
            yield InputError("backbone.pooling", "has no effect: attention needs every region; remove it")

    def decoder(self, **shared: Any) -> CaptionDecoder:
        from ..layers import ShowAttendTellDecoder

        return ShowAttendTellDecoder(
            attention_units=self.attention_units,
            region_units=self.region_units,
            positions=self.positions,
            penalty=self.penalty,
            **shared,
        )
