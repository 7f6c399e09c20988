"""Blocks that cover a picture or a volume, and their outputs blended into one."""

import numpy as np
import pytest

from lstm_zoo.data.labels.tiles import Tiling

SIZES = [
    ((7, 9), (7, 9)),  # as large as a block
    ((3, 2), (8, 8)),  # smaller
    ((5, 30), (8, 8)),  # smaller along one axis, larger along the other
    ((20, 33), (8, 12)),
    ((17, 16), (16, 16)),  # a pixel larger
    ((4, 20, 9), (6, 8, 8)),
    ((11, 12, 13), (5, 6, 7)),
    ((3, 10, 10), (1, 8, 8)),  # blocks of one plane
]


def blocks_of(tiling, field):
    """Cut a field (*size, K) into blocks as a network would give them: filled up where the field is smaller."""
    for corner in tiling.corners():
        part = tiling.cut(field, corner)
        missing = [(0, most - side) for side, most in zip(part.shape, (*tiling.block, part.shape[-1]), strict=True)]
        yield np.pad(part, missing, constant_values=np.nan)


@pytest.mark.parametrize(("size", "block"), SIZES)
def test_blocks_cover_everything_and_lie_half_over_the_next(size, block):
    tiling = Tiling(size, block)
    corners = tiling.corners()
    assert len(set(corners)) == len(corners)
    covered = np.zeros(size, int)
    for corner in corners:
        part = tiling.cut(covered, corner)
        assert part.shape == tuple(map(min, size, block))
        part += 1
    assert covered.min() >= 1
    for axis, (side, most) in enumerate(zip(size, block, strict=True)):
        starts = sorted({corner[axis] for corner in corners})
        assert starts[0] == 0 and starts[-1] == max(0, side - most)
        assert max(np.diff(starts), default=0) <= max(1, -(-most // 2))


@pytest.mark.parametrize("size", [(8, 12), (8, 5), (1, 1)])
def test_a_picture_no_larger_than_a_block_is_one(size):
    tiling = Tiling(size, (8, 12))
    assert tiling.corners() == [(0, 0)]
    outputs = np.random.default_rng(0).normal(size=(8, 12, 3)).astype(np.float32)
    np.testing.assert_array_equal(tiling.merge([outputs]), outputs[: size[0], : size[1]])


@pytest.mark.parametrize(("size", "block"), SIZES)
def test_merged_blocks_of_a_field_are_the_field(size, block):
    tiling = Tiling(size, block)
    field = np.random.default_rng(0).normal(size=(*size, 4)).astype(np.float32)
    merged = tiling.merge(blocks_of(tiling, field))
    assert merged.dtype == np.float32
    slabs = list(tiling.slabs(blocks_of(tiling, field)))
    np.testing.assert_array_equal(np.concatenate(slabs), merged)
    assert max(map(len, slabs)) <= block[0] and (len(slabs) > 1 or size[0] <= block[0])
    np.testing.assert_allclose(merged, field, rtol=1e-5, atol=1e-6)
    constant = tiling.merge(np.full((*block, 2), 0.25, np.float32) for _ in tiling.corners())
    np.testing.assert_allclose(constant, np.full((*size, 2), 0.25), rtol=1e-6)


def test_the_edge_of_a_block_counts_less_than_its_middle():
    tiling = Tiling((8, 12), (8, 8))
    assert tiling.corners() == [(0, 0), (0, 4)]
    blocks = [np.full((8, 8, 1), value, np.float32) for value in (0, 1)]
    shares = tiling.merge(blocks)[..., 0]  # what the second block counts
    np.testing.assert_allclose(shares, np.tile(shares[0], (8, 1)), rtol=1e-5)  # both lie alike in each row
    np.testing.assert_allclose(shares[0, [*range(4), *range(8, 12)]], [0] * 4 + [1] * 4, rtol=1e-6)
    assert (np.diff(shares[0, 4:8]) > 0).all() and shares[0, 4] < 0.2 and shares[0, 7] > 0.8
    np.testing.assert_allclose(shares[0, 4:8] + shares[0, 7:3:-1], 1, rtol=1e-5)


def test_random_blocks_lie_anywhere_inside():
    random = np.random.default_rng(0)
    corners = [Tiling((5, 10, 8), (8, 7, 7)).random_corner(random) for _ in range(200)]
    assert set(corners) == {(0, row, column) for row in range(4) for column in range(2)}


def test_blocks_that_are_missing_are_an_error():
    tiling = Tiling((8, 20), (8, 8))
    with pytest.raises(ValueError, match="shorter"):
        tiling.merge([np.zeros((8, 8, 1), np.float32)] * (len(tiling.corners()) - 1))
