"""Networks that judge the last frame of a clip, over live video: as many frames are held as a clip spans."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import numpy as np

from ..contracts import Normal, Outputs, Spec
from .stream import Stream


class Window(Stream):
    """A network of clips, shown each frame as the last one of a clip.

    Args:
        answer: From a batch of inputs to outputs.
        spec: The length of a clip, and how far apart its frames are.
    """

    def __init__(self, answer: Callable[[dict[str, np.ndarray]], Outputs], spec: Spec):
        assert isinstance(spec.target, Normal)
        self._answer, self._step = answer, spec.target.frame_step
        self._name, clip = spec.only_input
        self.needed_frames = ((clip.shape[0] or 1) - 1) * self._step + 1
        self._frames: deque[np.ndarray] = deque(maxlen=self.needed_frames)

    def restart(self) -> None:
        """Forget all frames."""
        self._frames.clear()

    def answer(self, frames: np.ndarray) -> Outputs | None:
        """Show the next frame of each video, (B, H, W, C); None: it cannot be the last one of a clip yet."""
        self._frames.append(frames)
        if len(self._frames) < self.needed_frames:
            return None
        return self._answer({self._name: np.stack(list(self._frames)[:: self._step], axis=1)})
