"""Labelled volumes: what all data sets of them share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from ...contracts import PROBABILITIES, InputError, LabelMap, Outputs, Spec, Views
from ...media.endings import FOLDER, VOLUMES, stem_of
from ..pictures.picture_files import Limits
from ..pipeline.family import Record
from .blocks import VolumeBlocks
from .channel_files import Case, volumes_below
from .labelled_pictures import LabelledPictures

if TYPE_CHECKING:
    import numpy as np

    from ...media.volume_grid import Grid
    from .family import Blocks


class LabelledVolumes(LabelledPictures):
    """What all data sets of labelled volumes share."""

    media: ClassVar[str] = "volumes"
    gives: ClassVar[str] = "volume"
    shown: ClassVar[str] = (
        "A block of the volume, its greys as `config.data.limits` tells; smaller volumes are filled up."
    )
    at_once: ClassVar[int | None] = 4  # a large scan takes half a gigabyte while it is read

    volume: VolumeBlocks = VolumeBlocks()
    """How the network sees volumes."""
    limits: Limits | None = None
    """Grey values of files that become black and white, lower first; null: the 0.5 and 99.5 percentiles of each."""

    @property
    def blocks(self) -> VolumeBlocks:
        return self.volume

    def family(self, spec: Spec) -> Blocks:
        from .family import LabelledBlocks

        return LabelledBlocks(spec, self.blocks.augment, labels_alone=not self.resamples)

    @property
    def resamples(self) -> bool:
        """Whether answers have to be interpolated to fit the voxels of files."""
        return False

    def files_below(self, folder: Path) -> list[Path]:
        return volumes_below(folder)

    def grid(self, file: Path) -> Grid:
        """Return the voxels that all files of a case are brought to, by the first of them."""
        from ...media.volume_files import space_of
        from ...media.volume_grid import Grid

        return Grid(space_of(file))

    def case_of(self, path: Path, spec: Spec) -> Case:
        """Return the volume that a file belongs to."""
        del spec
        return Case(stem_of(path.name + FOLDER * path.is_dir(), (*VOLUMES, FOLDER)) or path.stem, [path])

    def first_file(self, path: Path, spec: Spec) -> Path:
        return self.case_of(path, spec).files[0]

    def read(self, path: Path) -> Record:
        """Return a volume file, (Z, H, W, C) uint8."""
        grid = self.grid(path)
        return {"picture": grid.resampled(self.picture_of([path], grid))}

    def picture_of(self, files: Sequence[Path], grid: Grid) -> np.ndarray:
        """Return the volume that some files are the channels of, (Z, H, W, C) uint8, not resampled yet."""
        import numpy as np

        from ...media.errors import MediaError, reasons
        from ...media.volumes import read_volume, to_bytes

        channels = []
        for file in files:
            with reasons("" if file == files[0] else f"{file.name} "):
                channels.append(to_bytes(read_volume(file, grid), self.limits))
                size, first = channels[-1].shape[:-1], channels[0].shape[:-1]
                if size != first:
                    raise MediaError(f"has {size} voxels (planes, height, width), {files[0].name} {first}")
        return channels[0] if len(channels) == 1 else np.concatenate(channels, axis=-1)

    def views(self, path: Path, spec: Spec) -> Views:
        """Read one file, with those of its other channels; answers to it are of its own kind, in the same space."""
        from ...media.errors import MediaError, named_reasons

        family = self.family(spec)
        try:
            name, files = self.case_of(path, spec)
            if missing := [file.name for file in files if not file.exists()]:
                raise MediaError(f"lacks {', '.join(missing)} beside it; expected one file a channel")
            with named_reasons():
                grid = self.grid(files[0])
                picture = grid.resampled(self.picture_of(files, grid))
                inputs = {self.gives: family.blocks_of(picture)}
        except MediaError as error:
            raise InputError("", f"{path}: {error}") from None
        row = family.row({"picture": picture})
        own_files = _labels_in_space(name, files[0], grid, spec)
        return Views(inputs, lambda outputs: family.merge(row, outputs), picture, own_files=own_files)


def _labels_in_space(name: str, file: Path, grid: Grid, spec: Spec) -> Callable[[Outputs], dict[str, bytes]]:
    """Return what makes a label file that opens over a volume's own; nothing of volumes that tell no space."""
    from ...media.volume_files import labels_like

    def own_files(outputs: Outputs) -> dict[str, bytes]:
        target = spec.target
        if grid.space is None or not isinstance(target, LabelMap):
            return {}
        labels = grid.labels_as_stored(outputs["labels"], outputs.get(PROBABILITIES))
        written = labels_like(file, target.as_in_files(labels))
        return {} if written is None else {f"labels/{name}{written[1]}": written[0]}

    return own_files
