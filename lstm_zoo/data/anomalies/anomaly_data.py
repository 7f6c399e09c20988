"""What all data sets of normal films share."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, ClassVar

import numpy as np
from pydantic import Field, PositiveInt

from ...contracts import InputError, LiveFrame, Normal, Spec, Tensor, Views
from ...media.endings import ARRAYS
from ..frames.films_below import films_below
from ..pipeline.family import Item, Record
from ..pipeline.prepared_data import FamilyData

if TYPE_CHECKING:
    from .family import FilmStretches


class AnomalyData(FamilyData):
    """What all data sets of normal films share."""

    media: ClassVar[str] = "films"
    gives: ClassVar[str] = "clip"
    shown: ClassVar[str] = (
        "Frames of one film, each `spec.target.frame_step` after the one before, stretched to this size."
    )
    target: ClassVar[str] = "normal"

    num_frames: Annotated[int, Field(ge=2)] = 6
    """Frames of a clip, T: the one that is judged, and those before it."""
    frame_step: PositiveInt = 1
    """From one frame of a clip to the next, in frames of the film."""
    tempos: tuple[Annotated[int, Field(ge=2, le=16)], ...] = ()
    """How many times as fast as they were filmed half of the training clips run, for networks that learn to tell them;
    empty: none does."""
    flip: bool = True
    """Whether half of the training clips are mirrored."""
    pictures_fps: Annotated[float, Field(gt=0)] = 10.0
    """Frames per second of folders of pictures and of arrays, which tell no times."""

    @property
    @abstractmethod
    def frame_shape(self) -> tuple[int, int, int]:
        """Height, width and channels of the frames."""

    @property
    def needed_frames(self) -> int:
        """How many frames a film has at least, for one clip."""
        return (self.num_frames - 1) * self.frame_step + 1

    def expected_spec(self) -> Spec:
        clip = Tensor(shape=(self.num_frames, *self.frame_shape))
        return Spec(inputs={"clip": clip}, target=Normal(frame_step=self.frame_step, tempos=self.tempos))

    def check_like(self, like: Spec) -> None:
        """Refuse clips of another shape than a run's."""
        if self.expected_spec() != like:
            raise InputError("data", "gives other clips than the run was trained on; size, frames, tempos have to stay")

    def family(self, spec: Spec) -> FilmStretches:
        from .family import FilmStretches

        return FilmStretches(spec, self.flip)

    def read(self, path: Path) -> Record:
        from .film_reading import read_labelled

        return read_labelled(path.parent, Item(path.name), self.frame_shape[:2], self.pictures_fps, self.needed_frames)

    def views(self, path: Path, spec: Spec) -> Views:
        """Return a clip for each frame of a film that has enough before it."""
        from ...media.errors import MediaError, named_reasons
        from .film_views import film_views

        try:
            with named_reasons():
                return film_views(self.read(path), self.family(spec))
        except MediaError as error:
            raise InputError("", f"{path}: {error}") from None

    def live_frames(self, source: Path | BinaryIO, spec: Spec, fps: float | None = None) -> Iterator[LiveFrame]:
        """Yield the frames of a film while it comes, pixel by pixel those that `views` shows; without `fps`, all."""
        from ...media.videos import ANY_SIDE, stretched
        from ..frames.film_frames import pixels_of
        from ..videos.coming_frames import coming_frames

        size, channels = self.frame_shape[:2], self.frame_shape[2]
        is_array = isinstance(source, Path) and source.suffix.lower() in ARRAYS  # which `read_film` stores as it is
        for frame in coming_frames(source, ANY_SIDE, fps, self.pictures_fps):
            picture = frame.picture if is_array else np.asarray(stretched(frame.picture, size))
            yield frame._replace(picture=pixels_of([picture], size, channels)[0])

    def files_below(self, folder: Path) -> list[Path]:
        return [folder / film for film in films_below(folder)[0]]
