"""What live video is shown to: something that takes frames one by one, and remembers what it needs of those before."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from ..contracts import Outputs


class Stream(ABC):
    """A network over videos that come frame by frame."""

    needed_frames: int = 1
    """The first frame that there is an answer to, counted from 1."""

    @abstractmethod
    def restart(self) -> None:
        """Forget all frames."""

    @abstractmethod
    def answer(self, frames: np.ndarray) -> Outputs | None:
        """Show the next frame of each video.

        Args:
            frames: (B, ...), of clips of pixels (B, H, W, C) uint8; B stays the same until `restart`.

        Returns:
            What the network gives for the frames so far; None: they are too few for an answer.
        """
