"""What layers share that foretell frames and may be shown the true ones in training."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from ..composed import Composed


class NextFrames(Composed, ABC):
    """Base of layers that make a network's logits out of a clip, and look at the hint `later` in training.

    A network that looks at the hint leaves this to one such layer, which is its last one; in use, it is called without.
    """

    @abstractmethod
    def call(self, clip: Any, later: Any = None, training: bool = False) -> Any:
        """Return the frames that follow, (B, horizon, H, W, C) float32, as logits.

        Args:
            clip: What the network makes of the frames before, (B, T, ...).
            later: The true frames that follow, (B, horizon, H, W, C) uint8; None: they are not known.
            training: Whether `later` counts.
        """
