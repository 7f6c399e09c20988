"""From videos to clips: which frames, which part of them, and how they are varied."""

import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from lstm_zoo.contracts import Classes, Spec, Tensor
from lstm_zoo.data.pictures.augment import AugmentConfig
from lstm_zoo.data.videos import frames
from lstm_zoo.data.videos.clip_config import ClipConfig
from lstm_zoo.data.videos.family import Clips
from lstm_zoo.data.videos.moving_shapes import MovingShapes
from lstm_zoo.data.videos.video_folder import VideoFolder

SMALL = ClipConfig(num_frames=4, size=16)


def test_frames_of_evaluation():
    def indices(count, **options):
        return frames.eval_indices(tf.constant(count), ClipConfig(**options)).numpy().tolist()

    assert indices(8, num_frames=4) == [[1, 3, 5, 7]]
    assert indices(16, num_frames=4, eval_clips=2) == [[1, 5, 9, 13], [3, 7, 11, 15]]
    assert indices(2, num_frames=4) == [[0, 0, 1, 1]]  # a short video repeats frames
    dense = {"num_frames": 3, "eval_sampling": "dense", "eval_clips": 3, "frame_step": 2}
    assert indices(11, **dense) == [[0, 2, 4], [3, 5, 7], [6, 8, 10]]
    assert indices(4, **dense) == [[0, 2, 3]] * 3
    assert indices(11, **{**dense, "eval_clips": 1}) == [[3, 5, 7]]


# Two seconds at 2 frames a second and two at 8: 20 frames, whose mean length is 0.2 s.
TWO_RATES = np.concatenate([np.arange(4) * 2.5, 10 + np.arange(16) * 0.625]).astype(np.float32)


def test_frames_are_chosen_by_time():
    def seconds(**options):
        clip = ClipConfig(num_frames=4, **options)
        return (TWO_RATES[frames.eval_indices(tf.constant(20), clip, tf.constant(TWO_RATES))] / 5).tolist()

    assert seconds() == [[0.5, 1.5, 2.5, 3.5]]
    assert seconds(eval_sampling="dense", eval_clips=2, frame_step=5) == [[0.0, 1.0, 2.0, 3.0], [0.5, 1.5, 2.75, 3.75]]
    equal = tf.range(20.0)
    for clip in (ClipConfig(num_frames=7, eval_clips=3), ClipConfig(num_frames=5, eval_sampling="dense")):
        indices = frames.eval_indices(tf.constant(20), clip)
        np.testing.assert_array_equal(frames.eval_indices(tf.constant(20), clip, equal), indices)
    for sampling in ("uniform", "random_segment", "random_window"):
        clip = ClipConfig(num_frames=4, train_sampling=sampling, frame_step=5)
        of_index, of_time = (
            frames._train_indices(tf.constant(20), clip, tf.constant([3, 0]), times) for times in (None, TWO_RATES)
        )
        apart = np.asarray(of_index) - TWO_RATES[of_time]  # the frame on display is chosen
        assert (apart > -1).all() and (apart < 2.5).all()


@pytest.mark.parametrize("sampling", ["uniform", "random_segment", "random_window"])
@pytest.mark.parametrize("count", [1, 5, 40])
def test_frames_of_training_stay_in_order_and_in_the_video(sampling, count):
    clip = ClipConfig(num_frames=6, train_sampling=sampling, frame_step=3)
    seen = set()
    for seed in range(20):
        chosen = frames._train_indices(tf.constant(count), clip, tf.constant([seed, 0])).numpy()
        assert (np.diff(chosen) >= 0).all() and chosen.min() >= 0 and chosen.max() < count
        seen.add(tuple(chosen))
        if sampling == "random_segment" and count == 40:
            starts = np.arange(6) * 40 / 6
            assert (chosen > starts - 1).all() and (chosen < starts + 40 / 6).all()
        if sampling == "random_window" and count == 40:
            assert (np.diff(chosen) == 3).all()
    if sampling == "uniform" or count == 1:
        assert len(seen) == 1
    elif count == 40:
        assert len(seen) > 10


def picture(height=40, width=60):
    y, x = np.mgrid[:height, :width]
    return np.stack([x * 4, y * 6, np.full_like(x, 128)], -1).astype(np.uint8)


def encoded(pixels, format="JPEG"):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format, **({"quality": 100, "subsampling": 0} if format == "JPEG" else {}))
    return buffer.getvalue()


@pytest.mark.parametrize("format", ["JPEG", "PNG"])
def test_evaluation_sees_the_central_square(format):
    pictures = tf.constant([encoded(picture(), format)] * 5)
    (clip,) = frames.eval_clips(pictures, ClipConfig(num_frames=2, size=40)).numpy()
    np.testing.assert_allclose(clip[0].astype(int), picture()[:, 10:50].astype(int), atol=6)


def test_augmentation_is_one_for_all_frames_and_repeats_with_its_seed():
    pictures = tf.constant([encoded(picture())] * 4)
    augment = AugmentConfig(
        crop_scale=(0.3, 0.9),
        crop_ratio=(0.8, 1.25),
        rotation=20,
        flip=True,
        brightness=0.2,
        contrast=0.2,
        saturation=0.2,
    )
    clip = ClipConfig(num_frames=3, size=16, augment=augment)
    one, again, other = (frames.train_clip(pictures, clip, tf.constant([seed, 1])).numpy() for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other)
    np.testing.assert_array_equal(one[0], one[2])
    plain = ClipConfig(num_frames=3, size=16)
    np.testing.assert_array_equal(
        frames.train_clip(pictures, plain, tf.constant([1, 1])).numpy()[0],
        frames.eval_clips(pictures, plain).numpy()[0, 0],
    )


def test_each_augmentation_does_what_its_name_says():
    pictures = tf.constant([encoded(picture(48, 48))] * 2)

    def clips(**augment):
        config = ClipConfig(num_frames=2, size=48, augment=AugmentConfig(**augment))
        return np.stack(
            [frames.train_clip(pictures, config, tf.constant([s, 0])).numpy()[0] for s in range(12)]
        ).astype(int)

    plain = clips()[0]
    flipped = clips(flip=True)
    assert {bool((clip == plain).all()) for clip in flipped} == {True, False}
    assert all((clip == plain).all() or (clip == plain[:, ::-1]).all() for clip in flipped)
    brighter = (clips(brightness=0.2) - plain)[:, 20:28, 20:28].mean(axis=(1, 2, 3))
    assert brighter.min() < -10 and brighter.max() > 10 and np.abs(brighter).max() <= 52
    cropped = clips(crop_scale=(0.5, 0.5))  # a square of 34 px: the red ramp rises by 4 * 34 instead of 4 * 48
    rises = cropped[:, 24, -1, 0] - cropped[:, 24, 0, 0]
    assert np.abs(rises - 4 * 33).max() < 12
    turned = clips(rotation=90)
    np.testing.assert_allclose(
        turned[:, 22:26, 22:26].mean(axis=(1, 2)), [plain[22:26, 22:26].mean((0, 1))] * 12, atol=4
    )
    assert np.abs(turned - plain).mean() > 10


def test_stored_frames_come_out_as_evaluation_shows_them(video_root, data_dir):
    config = VideoFolder(root=video_root, data_dir=data_dir, short_side=20, clip=SMALL)
    splits = config.load()
    served = config.from_encoded(splits.spec)
    decode = tf.function(lambda files: served(files)["clip"], input_signature=[tf.TensorSpec([None, None], tf.string)])
    assert decode.get_concrete_function().structured_outputs.shape.as_list() == [None, None, 16, 16, 3]
    shown = [inputs["clip"] for inputs, _ in splits.eval_stream("train", 1)]
    clips = []
    for stored, inputs in zip((record["video"] for record in splits._stored.records("train")), shown, strict=True):
        clips.append(tf.gather(stored, frames.eval_indices(tf.size(stored), SMALL)[0]))
        np.testing.assert_array_equal(decode(clips[-1][None]), inputs)
        single = np.stack([frames.eval_picture(tf.io.decode_jpeg(frame), 16) for frame in clips[-1].numpy()])
        assert single.shape == (4, 16, 16, 3) and single.dtype == np.uint8
        np.testing.assert_allclose(single.astype(int), inputs[0].numpy().astype(int), atol=12)
        assert np.abs(single.astype(int) - inputs[0].numpy()).mean() < 0.5  # colour at the edge of what is decoded
    np.testing.assert_array_equal(decode(tf.stack(clips)), [inputs[0] for inputs in shown])


def test_frames_of_clips_may_differ_in_size_and_kind():
    config = MovingShapes(clip=SMALL)
    large, small = encoded(picture()), encoded(picture(24, 16), "PNG")
    clips = config.from_encoded(config.expected_spec())(tf.constant([[large, small, large], [small, small, small]]))[
        "clip"
    ]
    assert clips.shape == (2, 3, 16, 16, 3) and clips.dtype == tf.uint8
    np.testing.assert_array_equal(clips[0, 1], picture(24, 16)[4:20])
    np.testing.assert_array_equal(clips[0, 1], frames.eval_picture(tf.constant(picture(24, 16)), 16))
    np.testing.assert_array_equal(clips[0, 1], clips[1, 2])
    wider = Spec(inputs={"clip": Tensor(shape=(4, 32, 32, 3))}, target=Classes(names=("a",)))
    decode = config.from_encoded(wider)  # the spec of the network decides
    assert decode(tf.constant([[large]]))["clip"].shape == (1, 1, 32, 32, 3)


@pytest.mark.parametrize(
    "seconds, max_fps, sampling, expected",
    [
        (8.0, None, "uniform", (2.0, 1)),
        (8.0, 10.0, "uniform", (2.0, 1)),
        (None, None, "uniform", (None, 1)),
        (8.0, None, "dense", (None, 4)),
        (8.0, 10.0, "dense", (2.5, 1)),
    ],
)
def test_frames_a_second_of_a_stream(seconds, max_fps, sampling, expected, monkeypatch):
    config = MovingShapes(max_fps=max_fps, clip=ClipConfig(size=16, frame_step=4, eval_sampling=sampling))
    spec = config.expected_spec().model_copy(update={"seconds": seconds})
    monkeypatch.setattr(MovingShapes, "_watched", lambda self, source, side, fps, step: (fps, step))
    assert config.live_frames("film.mp4", spec) == expected


def test_stretches_of_a_long_video():
    spec = Spec(inputs={"clip": Tensor(shape=(4, 16, 16, 3))}, target=Classes(names=("a", "b")), seconds=1.0)
    family = Clips(spec, SMALL)
    video = [encoded(np.full((16, 16, 3), shade, np.uint8)) for shade in range(0, 240, 6)]
    stretches = list(family.stretches({"video": video, "times": np.arange(40, dtype=np.float32), "seconds": 4.0}))
    assert [(one.start, one.end) for one in stretches] == [(0.0, 1.0), (1.0, 2.0), (2.0, 3.0), (3.0, 4.0)]
    shown = [family.show({"video": tf.constant(one.record["video"])})["clip"].numpy() for one in stretches]
    assert shown[0].shape == (1, 4, 16, 16, 3)
    np.testing.assert_allclose([clip.mean() for clip in shown], [30, 90, 150, 210], atol=6)
    assert not list(family.stretches({"video": video[:12], "times": np.arange(12), "seconds": 1.2}))


def test_stretches_of_a_video_of_two_rates():
    spec = Spec(inputs={"clip": Tensor(shape=(4, 16, 16, 3))}, target=Classes(names=("a", "b")), seconds=1.0)
    family = Clips(spec, SMALL)
    stretches = list(family.stretches({"video": [bytes([n]) for n in range(20)], "times": TWO_RATES, "seconds": 4.0}))
    assert [(one.start, one.end) for one in stretches] == [(0.0, 1.0), (1.0, 2.0), (2.0, 3.0), (3.0, 4.0)]
    assert [[frame[0] for frame in one.record["video"]] for one in stretches] == [
        [0, 1],
        [2, 3],
        list(range(4, 12)),
        list(range(12, 20)),
    ]
    assert [one.record["times"].tolist() for one in stretches] == [[0, 1], [0, 1], list(range(8)), list(range(8))]


@pytest.mark.parametrize("sampling", ["uniform", "dense"])
def test_a_file_is_shown_by_no_more_frames_than_needed(sampling):
    spec = Spec(inputs={"clip": Tensor(shape=(4, 16, 16, 3))}, target=Classes(names=("a", "b")))
    family = Clips(spec, SMALL.model_copy(update={"eval_clips": 2, "eval_sampling": sampling}))
    video = [encoded(np.full((16, 16, 3), shade, np.uint8)) for shade in range(0, 240, 12)]
    for times in (np.arange(20, dtype=np.float32), TWO_RATES):
        needed = family.needed({"video": video, "times": times, "seconds": 4.0})
        assert len(needed["video"]) <= 8
        for record in (needed, {"video": tf.constant(video), "times": tf.constant(times)}):
            shown = family.show({name: tf.constant(part) for name, part in record.items()})["clip"].numpy()
            indices = frames.eval_indices(tf.constant(20), family._clip, times).numpy()
            np.testing.assert_allclose(shown.mean(axis=(2, 3, 4)), 12 * indices, atol=2)
