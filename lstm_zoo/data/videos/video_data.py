"""What all data sets of labelled videos share: clips of T frames out of videos of any length."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, ClassVar

from pydantic import Field

from ...console.text import listed
from ...contracts import Classes, InputError, LiveFrame, Spec, Tensor
from ..pipeline.prepared_data import FamilyData
from .clip_config import ClipConfig
from .clip_files import clips_below

if TYPE_CHECKING:
    import tensorflow as tf

    from .family import Clips


class VideoData(FamilyData):
    """What all data sets of labelled videos share."""

    media: ClassVar[str] = "videos"
    gives: ClassVar[str] = "clip"
    shown: ClassVar[str] = (
        "Frames of one film in their order, chosen as `config.data.clip` tells; of each the central square, scaled."
    )
    target: ClassVar[str] = "classes"

    clip: ClipConfig = ClipConfig()
    """The frames a network sees of each video."""
    short_side: Annotated[int, Field(ge=8)] = 128
    """Shorter side of the prepared frames, in pixels; smaller videos are not enlarged."""
    max_fps: Annotated[float, Field(gt=0)] | None = None
    """Frames kept per second at most when videos are prepared; null keeps all."""
    pictures_fps: Annotated[float, Field(gt=0)] = 25.0
    """Frames per second of folders of pictures and of arrays, which tell no times."""

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
        return self.clip.varies

    @abstractmethod
    def class_names(self) -> tuple[str, ...]:
        """Return the classes, in the order of the label numbers, without preparing anything."""

    def expected_spec(self) -> Spec:
        return Spec(inputs={"clip": self._tensor}, target=Classes(names=self.class_names()))

    def check_like(self, like: Spec) -> None:
        """Refuse clips of another size than a run's network takes, and classes that it does not know."""
        if like.inputs["clip"] != self._tensor:
            raise InputError(
                "data.clip",
                f"gives clips of {self._tensor.shape}, but the run was trained on {like.inputs['clip'].shape}; their "
                "size and number of frames have to stay as they were",
            )
        if unknown := sorted(set(self.class_names()) - set(like.class_names)):
            raise InputError(
                "data.root",
                f"the run does not know the class{'es' * (len(unknown) > 1)} {listed(unknown, 20)}; it was trained on "
                f"{listed(like.class_names, 20)}{self.without(unknown)}",
            )

    def without(self, unknown: Sequence[str]) -> str:
        """Return how to leave classes out that a run does not know; nothing where there is no way."""
        del unknown
        return ""

    @property
    def _tensor(self) -> Tensor:
        return Tensor(shape=(self.clip.num_frames, self.clip.size, self.clip.size, 3))

    def family(self, spec: Spec) -> Clips:
        from .family import Clips

        return Clips(spec, self.clip)

    def files_below(self, folder: Path) -> list[Path]:
        return clips_below(folder)

    def read(self, path: Path, between: tuple[float, float | None] | None = None) -> dict[str, Any]:
        """Return the frames of a video, or of a segment of it, scaled to `short_side` and thinned to `max_fps`.

        Returns:
            The record with `seconds`, its length, and `remarks`, what is to be said of it.
        """
        from ...media.videos import read_video

        video = read_video(path, self.short_side, self.max_fps, between, self.pictures_fps)
        return {"video": video.frames, "times": video.times, "seconds": video.seconds, "remarks": video.remarks}

    def from_encoded(self, spec: Spec) -> Callable[[tf.Tensor], dict[str, tf.Tensor]]:
        """Return what turns frames of clips as JPEG or PNG, (B, T) string, into inputs (B, T, H, W, 3).

        Each frame may have its own size. Stored frames come out just as evaluation shows them; larger ones are cut and
        scaled in one go, straight from their full size.
        """
        from .frames import eval_frames

        return lambda encoded: {"clip": eval_frames(encoded, _side(spec))}

    def live_frames(self, source: Path | BinaryIO, spec: Spec, fps: float | None = None) -> Iterator[LiveFrame]:
        """Yield the frames of a video while it comes, scaled to `short_side` and cut, as the network sees them.

        Without `fps`, as many of each second are shown as in evaluation: uniform clips spread T frames over the whole
        video, which lasts `spec.seconds` on average; dense ones show every `frame_step`-th of the prepared frames, of
        which `max_fps` make a second. Where that is not known, the data set storing no lengths or each video having
        kept its own frame rate, one of `frame_step` frames is shown where clips are dense, every one else.
        """
        dense = self.clip.eval_sampling == "dense"
        if fps is None and dense:
            fps = self.max_fps and self.max_fps / self.clip.frame_step
        elif fps is None:
            fps = spec.seconds and self.clip.num_frames / spec.seconds
        return self._watched(source, _side(spec), fps, self.clip.frame_step if dense and not fps else 1)

    def _watched(self, source: Path | BinaryIO, side: int, fps: float | None, step: int) -> Iterator[LiveFrame]:
        import tensorflow as tf

        from .coming_frames import coming_frames
        from .frames import eval_picture

        for frame in coming_frames(source, self.short_side, fps, self.pictures_fps, step):
            yield frame._replace(picture=eval_picture(tf.constant(frame.picture), side).numpy())


def _side(spec: Spec) -> int:
    side = spec.inputs["clip"].shape[1]
    assert side is not None
    return side
