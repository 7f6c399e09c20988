"""Settings of clips: how a video of any length becomes T frames of one size, in training and in evaluation."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, PositiveInt, model_validator

from ...contracts import Section
from ..pictures.augment import AugmentConfig

_MOST_GIGABYTES = 8  # of what is shown of one video: recipes of strangers ask for memory, too


class ClipConfig(Section):
    """The frames a network sees of each video."""

    num_frames: PositiveInt = 16
    """Frames a clip, T."""
    size: Annotated[int, Field(ge=8)] = 112
    """Height and width of the frames given to the network, in pixels."""
    train_sampling: Literal["uniform", "random_segment", "random_window"] = "random_segment"
    """`uniform`: evenly spaced over the whole video; `random_segment`: one random frame out of each of T equal parts;
    `random_window`: every `frame_step`-th frame from a random start."""
    eval_sampling: Literal["uniform", "dense"] = "uniform"
    """`uniform`: clips evenly spaced over the whole video; `dense`: windows of every `frame_step`-th frame."""
    eval_clips: PositiveInt = 1
    """Clips of each video whose scores are averaged in evaluation, N: staggered where uniform, spread where dense."""
    frame_step: PositiveInt = 2
    """Distance between the frames of a window, in frames."""
    augment: AugmentConfig = AugmentConfig()
    """Random changes of the training clips."""

    @model_validator(mode="after")
    def _fits_memory(self) -> ClipConfig:
        gigabytes = self.eval_clips * self.num_frames * 3 * self.size**2 / 2**30
        if gigabytes > _MOST_GIGABYTES:
            raise ValueError(
                f"eval_clips of {self.eval_clips:,}, num_frames of {self.num_frames:,} and size of {self.size:,} take "
                f"{gigabytes:,.0f} GiB for one video, expected {_MOST_GIGABYTES} at most; lower one of them"
            )
        return self

    @property
    def varies(self) -> bool:
        """Whether a training clip differs from epoch to epoch."""
        return self.train_sampling != "uniform" or self.augment != AugmentConfig()
