"""Clips in arrays of every layout and range."""

import numpy as np
import pytest
from conftest import reason

from lstm_zoo.media.films.clip_arrays import clip_in, layout_of


def moving(num_clips=5, num_frames=8, side=12):
    """Return clips of a bright square each, which moves a pixel a frame, (clips, frames, side, side) uint8."""
    clips = np.zeros((num_clips, num_frames, side, side), np.uint8)
    for number, clip in enumerate(clips):
        for time, frame in enumerate(clip):
            frame[2 * number % 7 : 2 * number % 7 + 5, time % 8 : time % 8 + 5] = 100 + 31 * number
    return clips


CLIPS = moving()
SCALED = (CLIPS / 255).astype(np.float32)


@pytest.mark.parametrize(
    "array",
    [
        CLIPS,
        CLIPS.swapaxes(0, 1),
        CLIPS[..., None],
        SCALED[:, :, None],
        SCALED.swapaxes(0, 1)[..., None],
        CLIPS.astype(np.float64),
        CLIPS.astype(np.int64),
        2 * SCALED - 1,
    ],
    ids=["clips first", "time first", "TensorFlow", "PyTorch", "time first, 0..1", "0..255", "int64", "-1..1"],
)
def test_every_layout_and_range_gives_the_same_clips(array, tmp_path):
    np.save(tmp_path / "a.npy", array)
    layout = layout_of(tmp_path / "a.npy")
    assert layout[:2] == CLIPS.shape[:2] and "5 clips of 8 frames" in layout.remark
    found = [clip_in(tmp_path / "a.npy", layout, number) for number in range(5)]
    np.testing.assert_array_equal(found, CLIPS[..., None])


@pytest.mark.parametrize("array", [CLIPS[1], CLIPS[1][..., None], CLIPS[1][:, None]], ids=str)
def test_one_film_is_an_array_of_frames(array, tmp_path):
    np.savez(tmp_path / "a.npz", film=array)
    layout = layout_of(tmp_path / "a.npz")
    assert layout[:2] == (1, 8) and not layout.remark
    np.testing.assert_array_equal(clip_in(tmp_path / "a.npz", layout), CLIPS[1][..., None])


def test_colours_stay_where_they_are(tmp_path):
    film = np.random.default_rng(0).integers(0, 256, (4, 6, 7, 3), dtype=np.uint8)
    np.save(tmp_path / "last.npy", film)
    np.save(tmp_path / "second.npy", film.transpose(0, 3, 1, 2))
    for name in ("last.npy", "second.npy"):
        np.testing.assert_array_equal(clip_in(tmp_path / name, layout_of(tmp_path / name)), film)


@pytest.mark.parametrize(
    ("array", "told"),
    [
        (np.zeros((6, 7), np.uint8), "uint8 of the shape (6, 7)"),
        (np.zeros((2, 3, 5, 6, 7), np.uint8), "1 or 3 channels"),
        (np.random.default_rng(0).integers(0, 256, (6, 6, 9, 9), dtype=np.uint8), "set data.array_order"),
    ],
)
def test_what_is_no_clip_or_does_not_tell_its_axes_is_refused(array, told, tmp_path):
    np.save(tmp_path / "a.npy", array)
    assert told in reason(layout_of, tmp_path / "a.npy")


def test_the_user_may_say_which_axis_is_time(tmp_path):
    np.save(tmp_path / "a.npy", CLIPS)
    assert layout_of(tmp_path / "a.npy", "time_first")[:2] == (8, 5)


def test_another_range_is_told(tmp_path):
    np.save(tmp_path / "a.npy", CLIPS.astype(np.float32) * 257)
    told = reason(clip_in, tmp_path / "a.npy", layout_of(tmp_path / "a.npy"))
    assert "float32 of the shape (5, 8, 12, 12) from 0 to 57568" in told
