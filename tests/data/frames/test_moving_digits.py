"""Moving digits: a function of the seed, within the walls, and digits of train and test apart."""

import gzip
import struct

import numpy as np
import pytest

from lstm_zoo.contracts import InputError
from lstm_zoo.data.frames.digit_drawing import draw_digit
from lstm_zoo.data.frames.digit_files import digits_in
from lstm_zoo.data.frames.moving_digits import MovingDigits


def clip_of(split="train", number=0, **settings):
    """Return one clip, (T + horizon, H, W)."""
    data = MovingDigits(num_train=3, num_val=2, num_test=2, **settings)
    return data.reader()(data.items()[split][number])["frames"][..., 0]


def shades(num, side=6):
    """Return pictures of one shade each: 1, 2, 3, ..."""
    return np.broadcast_to(np.arange(1, num + 1, dtype=np.uint8)[:, None, None], (num, side, side))


def idx(path, pictures):
    content = struct.pack(">4i", 0x803, *pictures.shape) + pictures.tobytes()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def test_a_clip_is_a_function_of_seed_split_and_number():
    first = clip_of()
    assert first.shape == (20, 64, 64) and first.max() == 255
    np.testing.assert_array_equal(first, clip_of())
    for other in (clip_of(seed=1), clip_of(number=1), clip_of("test")):
        assert not np.array_equal(first, other)


def test_digits_move_straight_on_and_bounce_off_the_walls(tmp_path):
    np.save(tmp_path / "dot.npy", np.full((20, 1, 1), 255, np.uint8))
    clip = clip_of(digits=tmp_path / "dot.npy", side=16, num_digits=1, speed=3, num_frames=30, horizon=10)
    assert (clip.sum(axis=(1, 2)) == 255).all()  # never behind a wall
    steps = np.diff([np.argwhere(frame)[0] for frame in clip], axis=0)
    assert abs(steps).max() <= 3 and len({tuple(np.sign(step)) for step in steps.tolist() if all(step)}) > 1


def test_overlapping_digits_are_as_bright_as_the_brighter_one(tmp_path):
    np.save(tmp_path / "grey.npy", np.full((20, 14, 14), 100, np.uint8))
    clip = clip_of(digits=tmp_path / "grey.npy", side=16)
    assert set(np.unique(clip)) == {0, 100}


def test_drawn_digits_differ():
    random = np.random.default_rng(0)
    digits = [draw_digit(random) for _ in range(20)]
    assert all(digit.shape == (28, 28) and digit.max() == 255 and digit[0].max() == 0 for digit in digits)
    assert len({digit.tobytes() for digit in digits}) == 20


def test_pictures_of_one_array_are_dealt_to_the_splits(tmp_path):
    np.savez(tmp_path / "digits.npz", images=shades(20), labels=np.zeros(20, np.uint8))
    pools = digits_in(tmp_path / "digits.npz", None)
    assert {split: pool[:, 0, 0].tolist() for split, pool in pools.items()} == {
        "train": [*range(1, 15)],
        "val": [15, 16, 17],
        "test": [18, 19, 20],
    }
    for split, allowed in (("train", range(1, 15)), ("test", range(18, 21))):
        shown = {*np.unique(clip_of(split, digits=tmp_path / "digits.npz", side=8)).tolist()} - {0}
        assert shown and shown <= {*allowed}


@pytest.mark.parametrize("kind", ["npz", "idx", "gz"])
def test_what_is_called_after_the_test_is_for_the_test(kind, tmp_path):
    train, test = shades(12), shades(5) + 100
    if kind == "npz":
        place = tmp_path / "mnist.npz"
        np.savez(place, x_train=train, x_test=test, y_train=np.arange(12), y_test=np.arange(5))
    else:
        place, end = tmp_path, ".gz" * (kind == "gz")
        idx(tmp_path / f"train-images-idx3-ubyte{end}", train)
        idx(tmp_path / f"t10k-images-idx3-ubyte{end}", test)
    pools = digits_in(place, None)
    assert {split: pool[:, 0, 0].tolist() for split, pool in pools.items()} == {
        "train": [*range(1, 11)],
        "val": [11, 12],
        "test": [*range(101, 106)],
    }


def test_files_without_digits_and_digits_too_large_are_told(tmp_path):
    np.savez(tmp_path / "none.npz", labels=np.zeros(4, np.uint8))
    (tmp_path / "short").write_bytes(struct.pack(">4i", 0x803, 3, 6, 6) + bytes(7))
    for name, told in (("none.npz", "holds 0 arrays"), ("short", "3 x 6 x 6 bytes, but holds 7"), ("no", "is no file")):
        (problem,) = MovingDigits(digits=tmp_path / name).problems()
        assert problem.key == "digits" and told in problem.message
    (problem,) = MovingDigits(side=20).problems()
    assert problem.key == "side" and "28 x 28" in problem.message


def test_a_batch_holds_what_follows_as_hint_and_as_target(tmp_path):
    data = MovingDigits(num_train=4, num_val=1, num_test=1, side=28, num_frames=3, horizon=2, data_dir=tmp_path)
    splits = data.load()
    inputs, target = next(iter(splits.train_stream(4, seed=0)))
    assert inputs["clip"].shape == (4, 3, 28, 28, 1) and target.shape == (4, 2, 28, 28, 1)
    np.testing.assert_array_equal(inputs["later"], target)
    (judged,) = splits.judged("test")
    ((shown, follows),) = splits.eval_stream("test", 1)
    np.testing.assert_array_equal(judged.truth, np.concatenate([shown["clip"][0], follows[0]]))
    assert splits.spec == data.expected_spec() and splits.counts("train") == {"films": 4}


def test_a_run_of_other_windows_is_refused():
    like = MovingDigits(horizon=5).expected_spec()
    with pytest.raises(InputError, match="have to stay"):
        MovingDigits().check_like(like)
