"""A folder of the user's own volumes (NumPy, NIfTI, NRRD, MetaImage, DICOM) with label volumes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import NonNegativeFloat, PositiveFloat, model_validator

from ...contracts import InputError, Spec
from ...media.endings import FOLDER, HEADERS, VOLUMES
from ..pipeline.family import Item, Record
from ..pipeline.finding import files_below, state_of
from ..pipeline.splitting import Listing
from .channel_files import Case, case_by, proposed_channels
from .class_list import ClassList
from .labelled_files import ListedFiles
from .labelled_volumes import LabelledVolumes

if TYPE_CHECKING:
    from ...media.volume_grid import Grid


class VolumeFolder(ListedFiles, LabelledVolumes):
    """Your own volumes beside label volumes of the same names, with a list of the classes.

    Where files tell how volumes lie in space, all are shown along the axes that are nearest to top, front and right,
    whatever the axes of the file. A folder of one DICOM series is one volume. All but NumPy's files need the extra
    `volumes`.
    """

    endings = ((*VOLUMES, FOLDER), (*VOLUMES, FOLDER))
    kind: Literal["volume_folder"] = "volume_folder"
    channels: tuple[str, ...] = ()
    """What the names of the files of a case end in, before the ending, where each channel has a file, such as [_t1,
    _t2, _flair]; with a table, its columns of them, in place of `image`. Empty: one file a case, or nnU-Net's names
    (_0000, _0001), which are found."""
    max_shift: NonNegativeFloat | None = 1e-4
    """How far labels and further channels may lie from their scan by the headers, in voxels (and what headers round
    off); null: headers are overlooked, and voxels laid over each other as they are stored."""
    spacing: tuple[PositiveFloat, PositiveFloat, PositiveFloat] | None = None
    """Distance of planes, rows and columns that all volumes are brought to by interpolation, in millimetres; answers to
    files are brought back. null: volumes stay as they are."""

    @model_validator(mode="after")
    def _of_channels(self) -> VolumeFolder:
        if len(self.channels) == 1 or len(set(self.channels)) < len(self.channels):
            raise ValueError(f"channels expects two or more ends that differ, got {list(self.channels)}")
        if self.channels and self.image_suffix:
            raise ValueError("channels and image_suffix both say what names of volumes end in; keep one of them")
        return self

    @property
    def channel_names(self) -> tuple[str, ...]:
        return self.channels

    @property
    def resamples(self) -> bool:
        return self.spacing is not None

    def listing(self) -> Listing:
        try:
            return super().listing()
        except InputError as error:
            names = [path.relative_to(self.root).as_posix() for path in files_below(self.root)]
            proposed = None if self.channels or self.table or self.folders else proposed_channels(names)
            if proposed is None:
                raise
            ends, of_labels = proposed
            pictures = f"data.channels=[{', '.join(ends)}]" if len(ends) > 1 else f"data.image_suffix={ends[0]}"
            raise InputError(
                error.key,
                f"{self.root} seems to hold a folder a case{' with a file a channel' * (len(ends) > 1)}; set "
                f"{pictures} and data.label_suffix={of_labels} (or name the columns of a table)",
            ) from None

    def shapes(self, items: Sequence[Item]) -> list[tuple[int, ...]]:
        shapes = []
        for item in items:
            file = self.root / item.name
            if file.exists() and (shape := _shape(file, file.stat().st_mtime_ns, self.spacing)):
                shapes.append((*shape[:-1], shape[-1] + len(item.others)))
        return shapes

    def source_key(self, items: Mapping[str, Sequence[Item]]) -> tuple[Any, ...]:
        names = (name for found in items.values() for item in found for name in (item.name, *item.others, item.target))
        further = [state_of(file) for name in names for file in _further_files(self.root / name)]
        return (*super().source_key(items), self.limits, self.max_shift, self.spacing, further)

    def class_list(self) -> ClassList:
        classes = super().class_list()
        if classes.colours:
            raise InputError("data.classes", "gives colours, but volumes hold numbers; give the number of each class")
        return classes

    def grid(self, file: Path) -> Grid:
        from ...media.volume_files import space_of
        from ...media.volume_grid import Grid

        return Grid(space_of(file), self.max_shift, self.spacing)

    def files_below(self, folder: Path) -> list[Path]:
        found = super().files_below(folder)
        return [path for path in found if case_by(path, self.channels, VOLUMES)] if self.channels else found

    def case_of(self, path: Path, spec: Spec) -> Case:
        alone = super().case_of(path, spec)
        if self.channels:
            return case_by(path, self.channels, VOLUMES) or alone
        tensor = spec.inputs[self.gives]
        numbers = [f"_{number:04d}" for number in range((tensor.shape[-1] or 0) - tensor.masked)]  # nnU-Net's
        case = case_by(path, numbers, VOLUMES) if len(numbers) > 1 else None
        return case if case and all(file.exists() for file in case.files) else alone

    def pair_reader(self) -> Callable[[Item], Record]:
        numbers = self.class_list().numbers
        return lambda item: self._read_pair(item, numbers)

    def _read_pair(self, item: Item, numbers: Mapping[int, int]) -> Record:
        from ...media.errors import reasons
        from ...media.label_maps import check_sizes
        from ...media.volumes import read_volume_labels

        first, *_ = files = [self.root / name for name in (item.name, *item.others)]
        grid = self.grid(first)
        with reasons("" if item.target == item.name else f"its label file {item.target} "):
            labels = read_volume_labels(self.root / item.target, numbers, grid)
        picture = self.picture_of(files, grid)
        check_sizes(picture.shape[:-1], labels.shape)
        return {"picture": grid.resampled(picture), "labels": grid.resampled_labels(labels)}


def _further_files(place: Path) -> list[Path]:
    """Return the files that hold the voxels of a volume: those of a DICOM series, and those beside a header alone."""
    if place.is_dir():
        return files_below(place)
    if place.suffix.lower() not in HEADERS:
        return []
    return sorted(place.parent.glob(f"{escape(place.stem)}.*"))


@lru_cache(maxsize=100_000)  # asked for several times before training starts
def _shape(file: Path, changed: int, spacing: tuple[float, float, float] | None) -> tuple[int, ...] | None:
    """Return the shape of a volume as it will be stored, or None if it cannot be read; `changed` is when it was."""
    from ...media.errors import MediaError
    from ...media.volume_files import space_of
    from ...media.volume_grid import Grid
    from ...media.volumes import read_volume

    del changed
    try:
        space = space_of(file)
        return read_volume(file).shape if space is None else Grid(space, spacing=spacing).shape
    except MediaError:
        return None
