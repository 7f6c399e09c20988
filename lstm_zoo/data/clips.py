"""Clips: how a video of any length becomes T frames of one size, in training and in evaluation."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field, NonNegativeFloat, PositiveInt, model_validator

from ..contracts import DataConfig, InputError, Section, Spec, Splits, UserPath, Views
from ..media.errors import MediaError
from .listing import videos_below

if TYPE_CHECKING:
    import numpy as np
    import tensorflow as tf

    from .clip_builder import ClipBuilder

Fraction = Annotated[float, Field(ge=0, le=1)]


class AugmentConfig(Section):
    """Random changes of training clips, the same for all frames of a clip. The defaults change nothing."""

    crop_scale: tuple[Fraction, Fraction] = (1.0, 1.0)
    """Least and greatest share of the frame's area that a random crop keeps; [1, 1] takes the central square."""
    crop_ratio: tuple[NonNegativeFloat, NonNegativeFloat] = (1.0, 1.0)
    """Least and greatest ratio of width to height of the random crop."""
    rotation: Annotated[float, Field(ge=0, le=180)] = 0.0
    """Greatest rotation to either side, in degrees; corners are filled by reflection."""
    flip: bool = False
    """Mirror left and right in half of the clips; leave it off where left and right carry meaning."""
    brightness: Fraction = 0.0
    """Greatest change of brightness, as a fraction of the full range."""
    contrast: Fraction = 0.0
    """Greatest relative change of contrast."""
    saturation: Fraction = 0.0
    """Greatest relative change of saturation."""

    @property
    def crops(self) -> bool:
        """Whether training examples show varying parts of the pictures."""
        return self.crop_scale != (1.0, 1.0) or self.crop_ratio != (1.0, 1.0)

    @model_validator(mode="after")
    def _ordered(self) -> AugmentConfig:
        for name in ("crop_scale", "crop_ratio"):
            low, high = getattr(self, name)
            if not 0 < low <= high:
                raise ValueError(f"{name} expects [least, greatest] above 0, got [{low:g}, {high:g}]")
        return self


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

    @property
    def varies(self) -> bool:
        """Whether a training clip differs from epoch to epoch."""
        return self.train_sampling != "uniform" or self.augment != AugmentConfig()


class VideoData(DataConfig):
    """What all data sets of labelled videos share."""

    media: ClassVar[str] = "videos"
    tasks: ClassVar[frozenset[str]] = frozenset({"classification"})

    clip: ClipConfig = ClipConfig()
    """The frames a network sees of each video."""
    short_side: Annotated[int, Field(ge=8)] = 128
    """Shorter side of the prepared frames, in pixels; smaller videos are not enlarged."""
    max_fps: Annotated[float, Field(gt=0)] | None = None
    """Frames kept per second at most when videos are prepared; null keeps all."""
    data_dir: UserPath | None = None
    """Where prepared data are kept; null: $TFDS_DATA_DIR, or else ~/tensorflow_datasets."""

    def problems(self) -> Iterator[InputError]:
        """Yield settings that would blow up prepared frames."""
        yield from super().problems()
        if self.clip.size > self.short_side:
            yield InputError(
                "clip.size",
                f"{self.clip.size} px is more than the prepared frames have (data.short_side: {self.short_side}); "
                f"raise data.short_side to {self.clip.size} or more, or lower clip.size",
            )

    @property
    def varies(self) -> bool:
        """Whether a training clip differs from epoch to epoch."""
        return self.clip.varies

    @abstractmethod
    def class_names(self) -> tuple[str, ...]:
        """Return the classes, in the order of the label numbers, without preparing anything."""

    def expected_spec(self) -> Spec:
        """Return the spec as far as it is known before anything is prepared."""
        shape = (self.clip.num_frames, self.clip.size, self.clip.size, 3)
        return Spec(input_shape=shape, class_names=self.class_names())

    def files_below(self, folder: Path) -> list[Path]:
        """Return all files below a folder that may be videos."""
        return videos_below(folder)

    def read(self, path: Path, spec: Spec) -> Views:
        """Read one video file as preparation and evaluation would: scaled to `short_side`, thinned to `max_fps`."""
        from ..media.videos import read_video
        from .reading import views_of_video

        try:
            video = read_video(path, self.short_side, self.max_fps)
        except MediaError as error:
            raise InputError("", f"{path}: {error}") from None
        return views_of_video(video, self.clip, spec)

    def from_encoded(self, spec: Spec) -> Callable[[tf.Tensor], tf.Tensor]:
        """Return what turns frames of clips as JPEG or PNG, (B, T) string, into inputs (B, T, H, W, 3).

        Each frame may have its own size. Stored frames come out just as evaluation shows them; larger ones are cut and
        scaled in one go, straight from their full size.
        """
        from .frames import eval_frames

        clip = self._shown(spec)
        return lambda encoded: eval_frames(encoded, clip)

    def frame(self, picture: np.ndarray, spec: Spec) -> np.ndarray:
        """Return one decoded frame (h, w, 3) uint8, scaled to `short_side`, as the network sees it: (H, W, 3) uint8."""
        import tensorflow as tf

        from .frames import eval_picture

        return eval_picture(tf.constant(picture), spec.input_shape[1]).numpy()

    def stream_fps(self, spec: Spec) -> float | None:
        """Return how many frames of each second of a video the network is shown in evaluation.

        Uniform clips spread T frames over the whole video, which lasts `spec.clip_seconds` on average. Dense ones show
        every `frame_step`-th of the prepared frames, of which `max_fps` make a second.

        Returns:
            None where it is not known: the data set stores no lengths, or each video kept its own frame rate; then
            every `stream_step`-th frame of a stream is shown.
        """
        if self.clip.eval_sampling == "dense":
            return self.max_fps and self.max_fps / self.clip.frame_step
        return spec.clip_seconds and spec.input_shape[0] / spec.clip_seconds

    @property
    def stream_step(self) -> int:
        """Distance between the frames of a stream that the network is shown where `stream_fps` is not known."""
        return self.clip.frame_step if self.clip.eval_sampling == "dense" else 1

    def _shown(self, spec: Spec) -> ClipConfig:
        """Return the clips of a finished network."""
        return self.clip.model_copy(update={"size": spec.input_shape[1]})


class PreparedVideoData(VideoData):
    """What data sets share whose videos this package prepares itself."""

    @abstractmethod
    def builder(self, like: Spec | None = None) -> ClipBuilder:
        """Return the TFDS builder of the data set, its labels numbered as in `like` where given."""

    def load(self, like: Spec | None = None) -> Splits:
        """Prepare the videos if need be and return their splits."""
        from .reading import ClipSplits

        builder = self.builder(like)
        builder.prepare()
        return ClipSplits.of_builder(builder, self.clip)
