"""Where voxels lie: every order and direction of the axes, and what is too far apart."""

import itertools

import numpy as np
import pytest
from conftest import reason

from lstm_zoo.media.volume_grid import Grid
from lstm_zoo.media.volume_space import Space, checked_affine

pytest.importorskip("nibabel")

SHAPE = (3, 4, 5)
AFFINE = np.array([[2.0, 0, 0, -40], [0, 3, 0, 12], [0, 0, 4, 7], [0, 0, 0, 1]])
VOXELS = np.arange(60).reshape(SHAPE)


def stored(order, flips):
    """Return the voxels along other axes (order and directions of x, y, z), and their space."""
    affine = np.eye(4)
    for place, axis in enumerate(order):
        affine[:3, place] = AFFINE[:3, axis] * (-1 if flips[axis] else 1)
    corner = [side - 1 if flip else 0 for side, flip in zip(SHAPE[::-1], flips, strict=True)]
    affine[:3, 3] = (AFFINE @ [*corner, 1])[:3]
    xyz = VOXELS.transpose(2, 1, 0)
    array = np.flip(xyz, [axis for axis in range(3) if flips[axis]]).transpose(order).transpose(2, 1, 0)
    return array, Space(array.shape, tuple(np.linalg.norm(affine[:3, :3], axis=0)[::-1]), affine)


def all_stored():
    for order in itertools.permutations(range(3)):
        for flips in itertools.product((False, True), repeat=3):
            yield stored(order, flips)


def test_arrays_along_any_axes_are_laid_over_each_other():
    plain = Space(SHAPE, (4.0, 3.0, 2.0), AFFINE)
    for array, space in all_stored():
        np.testing.assert_array_equal(space.upright(array), VOXELS)
        np.testing.assert_array_equal(space.as_stored(VOXELS), array)
        assert (space.along(space.size), space.along(space.spacing)) == (SHAPE, (4.0, 3.0, 2.0))
        np.testing.assert_array_equal(space.laid_on(plain, array, 1e-4), VOXELS)
        np.testing.assert_array_equal(plain.laid_on(space, VOXELS, 1e-4), array)
        np.testing.assert_array_equal(Grid(space).laid(VOXELS, plain), VOXELS)


def moved(by=0.0, scaled=1.0, shape=SHAPE):
    affine = AFFINE.copy()
    affine[:3, 3] += by
    affine[:3, :3] *= scaled
    return Space(shape, (4.0 * scaled, 3.0 * scaled, 2.0 * scaled), affine)


@pytest.mark.parametrize("space", [moved(1e-5), moved(scaled=1 + 1e-5), Space(SHAPE, None, None)])
def test_what_headers_round_off_is_no_difference(space):
    np.testing.assert_array_equal(space.laid_on(moved(), VOXELS, 1e-4), VOXELS)


def test_what_lies_elsewhere_is_told_with_both_values():
    turn = np.eye(4)
    turn[:2, :2] = [[np.cos(0.1), -np.sin(0.1)], [np.sin(0.1), np.cos(0.1)]]
    scan = moved()
    for space, told in {
        "origin": (moved(50), "2, 3, 4 mm apart along (1, 0, 0) (0, 1, 0) (0, 0, 1), the first one at (10, 62, 57)"),
        "spacing": (moved(scaled=1.5), "5 x 4 x 3 voxels, 3, 4.5, 6 mm apart"),
        "near": (moved(1e-2), "up to 0.005 voxels apart"),
        "turned": (Space(SHAPE, None, turn @ AFFINE), "along (0.995004, 0.099833, 0)"),
        "size": (moved(shape=(3, 4, 4)), "4 x 4 x 3 voxels, 2, 3, 4 mm apart"),
    }.values():
        array = np.zeros(space.shape)
        found = reason(space.laid_on, scan, array, 1e-4)
        assert told in found and "the scan: 5 x 4 x 3 voxels, 2, 3, 4 mm apart along (1, 0, 0)" in found
        assert space.laid_on(scan, array, None) is array  # overlooked
    assert moved(50).laid_on(scan, VOXELS, 30).shape == SHAPE


def test_headers_without_extent_are_refused():
    assert "gives voxels no extent in space" in reason(checked_affine, np.diag([1.0, 1, 0, 1]))


def test_volumes_are_resampled_in_their_box_and_labels_brought_back():
    pytest.importorskip("SimpleITK")
    space = Space((4, 6, 8), (3.0, 1.0, 1.0), np.diag([1.0, 1, 3, 1]))
    grid = Grid(space, spacing=(1.0, 1.0, 2.0))
    assert grid.shape == (12, 6, 4, 1)
    ramp = np.broadcast_to(np.arange(8, dtype=np.uint8) * 10, (4, 6, 8))[..., None]
    resampled = grid.resampled(ramp)
    assert resampled.dtype == np.uint8 and resampled[5, 2, :, 0].tolist() == [5, 25, 45, 65]  # between the voxels
    labels = (np.indices((4, 6, 8))[0] >= 2).astype(np.uint8)
    finer = grid.resampled_labels(labels)
    np.testing.assert_array_equal(finer, (np.indices((12, 6, 4))[0] >= 6).astype(np.uint8))
    probabilities = np.eye(2, dtype=np.float16)[finer]
    np.testing.assert_array_equal(grid.labels_as_stored(finer, probabilities), labels)
    assert "does not tell how far its voxels lie apart" in reason(Grid(spacing=(1.0, 1.0, 1.0)).resampled, ramp)
