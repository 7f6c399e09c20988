"""Films of what is normal, to learn from; and films whose abnormal frames are known, to be judged by."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from ...contracts import UserPath
from ..pipeline.family import Item, Record
from ..pipeline.finding import state_of, told_left_out
from ..pipeline.prepared_data import UserFiles
from ..pipeline.splitting import DealtSplits
from .anomaly_data import AnomalyData
from .film_listing import Films, list_films

_Side = Annotated[int, Field(ge=8, le=4096)]


class NormalVideos(UserFiles, AnomalyData, DealtSplits):
    """Films of a camera: normal ones to learn from, and, where there are any, labelled ones to be judged by."""

    noun: ClassVar[str] = "film"

    kind: Literal["normal_videos"] = "normal_videos"
    root: UserPath
    """A folder of films: videos, or folders of their frames as pictures. Folders called train, val and test, or the
    like, are the splits, as in UCSD's layout; without them, all films are normal, and dealt by whole films."""
    labels: UserPath | None = None
    """Which frames of the test films are abnormal: JSON, CSV, UCSD's .m, .npz, or a folder of .npy or .txt a film, see
    `lstm_zoo.data.anomalies.label_files`; null: the one such file in root or its test folder, or folders of masks
    beside the test films, called as they are with _gt behind."""
    size: tuple[_Side, _Side] = (80, 120)
    """Height and width of the frames given to the network, in pixels; films of other shapes are stretched."""
    colour: bool = False
    """Whether frames are shown in colours (three channels), or in grey (one)."""

    @property
    def frame_shape(self) -> tuple[int, int, int]:
        return *self.size, 3 if self.colour else 1

    def items(self) -> dict[str, list[Item]]:
        splits = self._listing().splits
        if "" in splits:
            return self.deal(splits)
        if "val" not in splits:  # of the normal ones, for the threshold
            without_test = self.model_copy(update={"test_fraction": 0.0})
            return without_test.deal({"": splits["train"]}) | {"test": list(splits.get("test", ()))}
        return {split: list(items) for split, items in splits.items()}

    def remarks(self) -> list[str]:
        splits, remarks, labels = self._listing()
        used = [self.root / name for items in splits.values() for item in items for name in self.files_of(item)]
        return [*remarks, *told_left_out(self.root, [*used, *([labels] if labels else [])])]

    def reader(self) -> Callable[[Item], Record]:
        from .film_reading import read_labelled

        settings = self.frame_shape[:2], self.pictures_fps, self.needed_frames
        return lambda item: read_labelled(self.root, item, *settings)

    def source_name(self) -> str:
        return self.root.name or "root"

    def source_key(self, items: Mapping[str, Sequence[Item]]) -> tuple[Any, ...]:
        every = [item for of_split in items.values() for item in of_split]
        states = (state_of(self.root / name) for item in every for name in self.files_of(item))
        return (self.size, self.colour, self.num_frames, self.frame_step, self.tempos, self.pictures_fps, *states)

    def _listing(self) -> Films:
        return list_films(self.root, self.labels)
