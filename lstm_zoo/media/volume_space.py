"""Where the voxels of volumes lie: arrays turned to the axes that all share, and headers compared."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .errors import MediaError

MAX_SHIFT = 1e-4
"""How far voxels of files that belong together may lie from each other, in voxels."""
_ROUNDED = 1e-5  # of a volume's longest side: headers hold some seven digits

Sides = tuple[float, float, float]
"""Something of planes, height and width."""


class Space(NamedTuple):
    """Where the voxels of a volume lie. Arrays are (Z, H, W, ...); as stored, these are the axes of the file."""

    shape: tuple[int, ...]
    """(Z, H, W) or (Z, H, W, C) as stored."""
    spacing: Sides | None
    """Distance of voxels along these axes, in millimetres; None: the file does not tell."""
    affine: np.ndarray | None
    """(4, 4), from the number of a voxel along width, height and planes (x, y, z, 1) to millimetres to the right, the
    front and the top (RAS); None: the file does not tell."""

    @property
    def size(self) -> tuple[int, ...]:
        """Planes, height and width as stored."""
        return self.shape[:3]

    def upright(self, array: np.ndarray) -> np.ndarray:
        """Return an array as stored along the axes that are nearest to top, front and right."""
        return array if self.affine is None else _turned(array, _orientation(self.affine))

    def as_stored(self, array: np.ndarray) -> np.ndarray:
        """Return an array that is upright along the axes of the file again."""
        if self.affine is None:
            return array
        from nibabel.orientations import ornt_transform

        return _turned(array, ornt_transform(_orientation(np.eye(4)), _orientation(self.affine)))

    def along(self, sides: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return what belongs to planes, height and width as stored in the order of upright axes."""
        if self.affine is None:
            return sides
        places = _orientation(self.affine)[::-1, 0].astype(int)  # of planes, height, width among x, y, z
        return tuple(side for _, side in sorted(zip(-places, sides, strict=True)))

    def laid_on(self, other: Space, array: np.ndarray, max_shift: float | None) -> np.ndarray:
        """Return an array of this space, as stored, along the axes of another file.

        Args:
            other: Space of that file.
            array: (Z, H, W, ...).
            max_shift: How far its voxels may lie from those of the other file, in voxels; None: any distance: voxels
                are laid over each other as they are stored.

        Raises:
            MediaError: They lie elsewhere.
        """
        if max_shift is None or self.affine is None or other.affine is None:
            return array
        from nibabel.orientations import inv_ornt_aff

        to_other = np.linalg.inv(other.affine)
        orientation = _orientation(to_other @ self.affine)
        turned = _turned(array, orientation)
        sides = np.array(self.size[::-1])
        shifts = to_other @ self.affine @ inv_ornt_aff(orientation, sides) - np.eye(4)
        corners = np.stack(np.meshgrid(*((0, side - 1) for side in turned.shape[2::-1]), [1]), -1).reshape(-1, 4)
        shift = float(abs(corners @ shifts.T).max())
        if turned.shape[:3] != other.size or shift > max_shift + _ROUNDED * max(sides):
            raise MediaError(
                f"lies in another space, by its header: {self._told()}; the scan: {other._told()}. They lie up to "
                f"{shift:.3g} voxels apart: resample it to the scan's grid, labels by the nearest neighbour, or set "
                "data.max_shift, to null where headers are wrong and voxels belong together as they are stored"
            )
        return turned

    def _told(self) -> str:
        """Return the space in words."""
        assert self.affine is not None
        spacing = np.linalg.norm(self.affine[:3, :3], axis=0)
        directions = " ".join(f"({_numbers(side)})" for side in (self.affine[:3, :3] / spacing).T)
        size = " x ".join(map(str, self.size[::-1]))
        first = _numbers(self.affine[:3, 3])
        return f"{size} voxels, {_numbers(spacing)} mm apart along {directions}, the first one at ({first})"


def checked_affine(affine: np.ndarray) -> np.ndarray:
    """Return an affine, or raise a MediaError if it puts all voxels into one plane, or nowhere."""
    if not np.isfinite(affine).all() or abs(np.linalg.det(affine[:3, :3])) < 1e-12:
        raise MediaError(f"has a header that gives voxels no extent in space: {affine[:3].round(6).tolist()}")
    return affine


def _orientation(affine: np.ndarray) -> np.ndarray:
    """Return which axis of space each of x, y, z is nearest to, and in which direction, (3, 2), as nibabel does."""
    from nibabel.orientations import io_orientation

    return io_orientation(affine)


def _turned(array: np.ndarray, orientation: np.ndarray) -> np.ndarray:
    from nibabel.orientations import apply_orientation

    behind = range(3, array.ndim)
    return apply_orientation(array.transpose(2, 1, 0, *behind), orientation).transpose(2, 1, 0, *behind)


def _numbers(values: np.ndarray) -> str:
    return ", ".join(f"{round(float(value), 6) + 0:.7g}" for value in values)  # + 0: not -0
