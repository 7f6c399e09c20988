"""What all data sets of clips and the frames that follow share."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field, PositiveInt

from ...contracts import Frames, InputError, Spec, Tensor, Views
from ..pipeline.family import Record
from ..pipeline.prepared_data import FamilyData
from .films_below import films_below

if TYPE_CHECKING:
    from .family import FrameWindows


class FrameData(FamilyData):
    """What all data sets of clips and the frames that follow share."""

    media: ClassVar[str] = "films"
    gives: ClassVar[str] = "clip"
    shown: ClassVar[str] = "Consecutive frames of one film, each stretched to this size."
    target: ClassVar[str] = "frames"

    num_frames: PositiveInt = 10
    """Frames that a network is shown, T."""
    horizon: PositiveInt = 10
    """Frames that it is to foretell."""
    max_fps: Annotated[float, Field(gt=0)] | None = None
    """Frames of films kept per second at most; null keeps all."""
    pictures_fps: Annotated[float, Field(gt=0)] = 25.0
    """Frames per second of folders of pictures and of arrays, which tell no times."""
    array_order: Literal["clips_first", "time_first"] | None = None
    """Which axis comes first in arrays of several clips, such as (clips, frames, H, W); null: pictures tell, which
    change less from frame to frame than from clip to clip."""

    @property
    @abstractmethod
    def frame_size(self) -> tuple[int, int]:
        """Height and width of the frames."""

    @property
    def channels(self) -> Literal[1, 3]:
        """Channels of the frames."""
        return 1

    @property
    def step(self) -> int:
        """From the first frame of a window to that of the next, in frames."""
        return self.horizon

    def expected_spec(self) -> Spec:
        height, width = self.frame_size
        target = Frames(horizon=self.horizon, height=height, width=width, channels=self.channels)
        clip = Tensor(shape=(self.num_frames, *target.shape[1:]))
        return Spec(inputs={"clip": clip}, hints={"later": Tensor(shape=target.shape)}, target=target)

    def check_like(self, like: Spec) -> None:
        """Refuse windows of other shapes than a run's."""
        ours, theirs = ([one.inputs["clip"].shape, one.hints["later"].shape] for one in (self.expected_spec(), like))
        if ours != theirs:
            raise InputError(
                "data",
                f"gives clips of {ours[0]} and then {ours[1]}, but the run was trained on {theirs[0]} and {theirs[1]}; "
                "number and size of the frames have to stay as they were",
            )

    def family(self, spec: Spec) -> FrameWindows:
        from .family import FrameWindows

        return FrameWindows(spec, self.step)

    def files_below(self, folder: Path) -> list[Path]:
        return [folder / film for film in films_below(folder)[0]]

    def read(self, path: Path, number: int | None = None) -> Record:
        """Return a film, see `read_film`, which has frames enough for a window; `number` is that of a clip."""
        from ...media.errors import MediaError

        film = self._film(path, number)
        if (there := len(film["video"])) < (needed := self.num_frames + self.horizon):
            what = f"{self.num_frames} that are shown and {self.horizon} that follow"
            raise MediaError(f"has {there} frame{'s' * (there > 1)}; needed: {needed}, {what}")
        return film

    def views(self, path: Path, spec: Spec) -> Views:
        """Return the end of a film, and all its windows as parts; see `film_views`."""
        from ...media.errors import MediaError, named_reasons
        from .film_views import film_views

        try:
            with named_reasons():
                film = self._film(path, None)
                return film_views(path, film, self.family(spec), self.max_fps, self.pictures_fps)
        except MediaError as error:
            raise InputError("", f"{path}: {error}") from None

    def _film(self, path: Path, number: int | None) -> Record:
        from .film_frames import read_film

        return read_film(path, number, self.frame_size, self.max_fps, self.pictures_fps, self.array_order)
