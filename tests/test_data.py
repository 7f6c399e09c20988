import json

import numpy as np
import pytest
import tensorflow as tf
from conftest import write_video
from PIL import Image

from lstm_zoo.config import load
from lstm_zoo.contracts import InputError, Spec
from lstm_zoo.data import frames, reading, records
from lstm_zoo.data.clip_table import read_table
from lstm_zoo.data.clips import AugmentConfig, ClipConfig
from lstm_zoo.data.listing import Clip, list_videos, natural_order, read_list, split_by_group
from lstm_zoo.data.moving_shapes import CLASS_NAMES, MovingShapes, draw_clip
from lstm_zoo.data.ucf101 import Ucf101
from lstm_zoo.data.video_folder import VideoFolder
from lstm_zoo.media.videos import EncodedVideo

SMALL = ClipConfig(num_frames=4, size=16)


@pytest.fixture(scope="module")
def folder(video_root, data_dir):
    def make(**options):
        settings = {
            "root": video_root,
            "data_dir": data_dir,
            "short_side": 24,
            "clip": SMALL,
            "group_pattern": r"_(s\d)_",
        }
        return VideoFolder(**{**settings, **options})

    return make


def streamed(dataset, batches):
    return [(inputs.copy(), targets.copy()) for inputs, targets in dataset.take(batches).as_numpy_iterator()]


def test_moving_shapes_reverses_time_exactly():
    for forward, backward in zip(CLASS_NAMES[::2], CLASS_NAMES[1::2], strict=True):
        one, other = (draw_clip(name, 6, 24, np.random.default_rng(3)) for name in (forward, backward))
        np.testing.assert_array_equal(one, other[::-1])
        assert one.shape == (6, 24, 24, 3) and one.dtype == np.uint8
        assert np.abs(np.diff(one.astype(int), axis=0)).mean() > 0.5  # it moves


def test_train_stream_depends_on_seed_and_epoch_alone(data_dir):
    config = load("smoke/cnn_lstm.yaml", [f"data.data_dir={data_dir}"])
    splits = config.data.load()
    assert [splits.size(split) for split in ("train", "val", "test")] == [16, 8, 8]
    two_epochs = streamed(splits.train_stream(6, seed=1), 6)
    assert [len(targets) for _, targets in two_epochs] == [6, 6, 4, 6, 6, 4]
    assert two_epochs[0][0].shape == (6, 4, 16, 16, 3) and two_epochs[0][0].dtype == np.uint8
    first, second = (np.concatenate([t for _, t in part]) for part in (two_epochs[:3], two_epochs[3:]))
    assert sorted(first) == sorted(second) == sorted(splits.targets("train")) and list(first) != list(second)
    tf.random.set_seed(99)  # no hidden global generator
    resumed = streamed(config.data.load().train_stream(6, seed=1, first_epoch=1), 3)
    for (inputs, targets), (inputs_again, targets_again) in zip(two_epochs[3:], resumed, strict=True):
        np.testing.assert_array_equal(inputs, inputs_again)
        np.testing.assert_array_equal(targets, targets_again)
    other_seed = streamed(splits.train_stream(16, seed=2), 1)
    assert not np.array_equal(other_seed[0][1], first)


@pytest.mark.parametrize("sampling", ["uniform", "random_segment"])
@pytest.mark.parametrize("augment", [{}, {"crop_scale": (0.5, 0.9), "flip": True}], ids=["plain", "cropped"])
def test_clips_are_the_same_whether_kept_decoded_or_not(data_dir, monkeypatch, sampling, augment):
    overrides = [f"data.data_dir={data_dir}", f"data.clip.train_sampling={sampling}"]
    overrides += [f"data.clip.augment={json.dumps(augment)}"]
    config = load("smoke/cnn_lstm.yaml", overrides)
    kept = config.data.load()
    assert kept.augmented == (sampling != "uniform" or bool(augment))
    clips = streamed(kept.train_stream(6, seed=1), 5)
    assert kept._pictures["train"] and kept._pictures["train"][0].shape[1:] == (16, 16, 3)
    monkeypatch.setattr("lstm_zoo.data.reading.DECODED_BYTES", 0)
    read = config.data.load()
    for (inputs, targets), (same_inputs, same_targets) in zip(
        clips, streamed(read.train_stream(6, seed=1), 5), strict=True
    ):
        np.testing.assert_array_equal(targets, same_targets)
        difference = np.abs(inputs.astype(int) - same_inputs)
        # Decoding a part of a JPEG interpolates colour otherwise at the part's edges.
        assert difference.max() == 0 if not augment else difference.mean() < 2
    assert read._pictures["train"] is None


def test_views_of_an_epoch_are_what_its_stream_shows(data_dir):
    splits = load("smoke/cnn_lstm.yaml", [f"data.data_dir={data_dir}", "data.clip.augment.flip=true"]).data.load()
    views = np.concatenate([inputs for inputs, _ in splits.train_views(5, seed=3, epoch=1).as_numpy_iterator()])
    shown = np.concatenate([inputs for inputs, _ in streamed(splits.train_stream(8, seed=3, first_epoch=1), 2)])
    assert sorted(clip.tobytes() for clip in views) == sorted(clip.tobytes() for clip in shown)
    full = streamed(splits.train_stream(6, seed=1, drop_remainder=True), 4)
    assert [len(targets) for _, targets in full] == [6] * 4


def test_labels_of_a_folder_follow_the_pictures(folder):
    splits = folder().load()
    assert splits.spec.class_names == ("bright", "dark")
    assert splits.spec.input_shape == (4, 16, 16, 3)
    lengths = [(6 + int(name.split(".")[0][-1])) / 8 for name in splits.names("train")]
    assert splits.spec.clip_seconds == pytest.approx(np.mean(lengths), abs=0.01)
    for split in ("train", "val", "test"):
        for inputs, targets in splits.eval_stream(split, 2).as_numpy_iterator():
            assert ((inputs[..., :4, 0].mean(axis=(1, 2, 3)) > 150) == (targets == 0)).all()  # red is high in `bright`


def test_groups_are_never_torn(folder):
    splits = folder(val_fraction=0.3, test_fraction=0.3).load()
    sources = {split: {name.split("_s")[1][0] for name in splits.names(split)} for split in ("train", "val", "test")}
    assert all(sources.values())
    assert not sources["train"] & sources["val"] | sources["train"] & sources["test"] | sources["val"] & sources["test"]


def test_split_by_group_comes_near_the_shares():
    random = np.random.default_rng(0)
    clips = [Clip(f"{k}/{n}", str(k), f"g{random.integers(40)}") for k in range(3) for n in range(200)]
    shares = {"train": 0.7, "val": 0.15, "test": 0.15}
    dealt = split_by_group(clips, shares, seed=1)
    for split, share in shares.items():
        for label in "012":
            assert abs(sum(clip.label == label for clip in dealt[split]) / 200 - share) < 0.06
    assert sorted(sum(dealt.values(), [])) == sorted(clips)
    assert split_by_group(clips, shares, seed=1) == dealt
    with pytest.raises(InputError, match="2 groups cannot fill 3 splits untorn"):
        split_by_group([Clip("a", "x", "1"), Clip("b", "y", "2")], shares, seed=0)


def test_list_files_may_number_labels_from_anywhere(folder, tmp_path, video_root):
    names = {"train": ["bright_s0_0.mp4", "bright_s0_1.avi"], "test": ["bright_s2_5.mkv"]}
    for split, files in names.items():
        lines = [f"bright/{name} 7" for name in files] + [f"dark/{name.replace('bright', 'dark')} 9" for name in files]
        (tmp_path / f"{split}.txt").write_text("\r\n".join(lines))
    splits = folder(lists={split: tmp_path / f"{split}.txt" for split in names}).load()
    assert splits.spec.class_names == ("bright", "dark")
    assert splits.size("train") == 4 and splits.size("test") == 2 and splits.size("val") == 0
    assert sorted(splits.targets("test")) == [0, 1]
    with pytest.raises(InputError, match="is named twice, for train and for test"):
        folder(lists={"train": tmp_path / "train.txt", "test": tmp_path / "train.txt"}).load()
    (tmp_path / "test.txt").write_text("bright/bright_s0_2.mp4\n")
    with pytest.raises(InputError, match=r"group 's0' stands in both train .* and test"):
        folder(lists={split: tmp_path / f"{split}.txt" for split in names}).load()


def test_tables_may_name_their_columns_otherwise(tmp_path, video_root):
    table = tmp_path / "clips.csv"
    table.write_text("clip,class,part,source\nbright/a.mp4,3,train,v1\ndark/b.mp4,11,test,v2\n")
    columns = {"path": "clip", "label": "class", "split": "part", "group": "source"}
    assert read_table(table, video_root, columns) == {
        "train": [Clip("bright/a.mp4", "3", "v1")],
        "test": [Clip("dark/b.mp4", "11", "v2")],
    }
    assert natural_order({"11", "3"}) == ("3", "11")
    with pytest.raises(InputError, match=r"clips.csv:1: no column 'clips' for the path \(did you mean 'clip'\?\)"):
        read_table(table, video_root, columns | {"path": "clips"})
    table.write_text(table.read_text().replace("test,v2", "test,v1").replace(",", " , "))  # blanks are no matter
    (problem,) = VideoFolder(root=video_root, table=table, columns=columns).problems()
    assert "group 'v1' stands in both train (bright/a.mp4) and test" in problem.message
    table.write_text("path,split\na/x.mp4,training\n")
    with pytest.raises(InputError, match="split 'training'; expected train, val or test"):
        read_table(table, video_root, {})


def test_groups_by_pattern_are_checked_whatever_decides_the_splits(tmp_path, video_root):
    table = tmp_path / "clips.csv"
    table.write_text("path,split\nbright/a_g1_1.mp4,train\ndark/b_g1_2.mp4,test\n")
    (problem,) = VideoFolder(root=video_root, table=table, group_pattern=r"_(g\d)_").problems()
    assert "group 'g1' stands in both train" in problem.message
    (problem,) = VideoFolder(root=video_root, group_pattern=r"_grp(\d)_").problems()
    assert problem.key == "group_pattern" and "finds no group in 'bright/bright_s0_0.mp4'" in problem.message


def test_the_class_is_the_first_folder_whatever_lists_the_clips(tmp_path):
    for name in ("a/s1/x.vob", "b/s1/y.qt", "b/notes.txt", "b/.hidden.mp4"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    expected = [Clip("a/s1/x.vob", "a"), Clip("b/s1/y.qt", "b")]
    assert list_videos(tmp_path) == expected
    (tmp_path / "list.txt").write_text("a/s1/x.vob 1\nb/s1/y.qt 2\n")
    assert read_list(tmp_path / "list.txt", tmp_path) == expected
    (tmp_path / "stray.mp4").touch()
    with pytest.raises(InputError, match=r"stray.mp4 lies directly in .*; move it into the folder of its class"):
        list_videos(tmp_path)


def test_a_list_without_classes_is_refused(tmp_path):
    (tmp_path / "list.txt").write_text("clip.avi\n")
    with pytest.raises(InputError, match=r"list.txt:1: expected Class/clip.avi, got 'clip.avi'"):
        read_list(tmp_path / "list.txt", tmp_path)


def test_bad_files_stop_or_are_counted(tmp_path, data_dir):
    for label in ("a", "b"):
        for number in range(4):
            write_video(tmp_path / label / f"{number}.mp4", 6)
    (tmp_path / "a" / "empty.mp4").touch()
    (tmp_path / "a" / "text.avi").write_text("no video at all")
    write_video(tmp_path / "b" / "short.mp4", 1)
    whole = write_video(tmp_path / "b" / "torn.mp4", 30).read_bytes()
    (tmp_path / "b" / "torn.mp4").write_bytes(whole[: len(whole) // 3])
    options = {"root": tmp_path, "data_dir": data_dir, "short_side": 24, "clip": SMALL, "val_fraction": 0}
    with pytest.raises(InputError) as caught:
        VideoFolder(**options).load()
    message = caught.value.message
    assert "4 videos cannot be used" in message and "on_bad_file=skip" in message and "bad_files.csv" in message
    for part in ("a/empty.mp4", "0 bytes", "a/text.avi", "b/short.mp4", "has 1 frames; needed: 2", "b/torn.mp4"):
        assert part in message
    splits = VideoFolder(**options, on_bad_file="skip").load()  # what was readable is prepared already
    assert splits.size("train") + splits.size("test") == 8
    found = VideoFolder(**options).bad_files()
    assert sorted(file.name for file in splits.bad_files) == sorted(file.name for file in found)
    assert len(found) == 4


def test_a_changed_file_is_prepared_again(tmp_path, data_dir):
    for label in ("a", "b"):
        for number in range(2):
            write_video(tmp_path / label / f"{number}.mp4", 6)
    config = VideoFolder(root=tmp_path, data_dir=data_dir, short_side=24, clip=SMALL, val_fraction=0, test_fraction=0.5)
    before = config.load().fingerprint
    assert config.load().fingerprint == before
    write_video(tmp_path / "a" / "0.mp4", 9)
    assert config.load().fingerprint != before


def test_ucf101_in_its_own_layout(ucf_root, data_dir):
    config = Ucf101(root=ucf_root, data_dir=data_dir, short_side=24, clip=SMALL, val_fraction=0.25)
    assert list(config.problems()) == []
    splits = config.load()
    assert splits.spec.class_names == ("Run", "Jump")  # the order of classInd.txt
    assert {split: splits.size(split) for split in ("train", "val", "test")} == {"train": 6, "val": 2, "test": 2}
    (group,) = {name.split("_")[2] for name in splits.names("val")}
    assert all(group not in name for name in splits.names("train"))
    assert Ucf101(root=ucf_root, data_dir=data_dir, short_side=24, clip=SMALL, val_fraction=0).load().size("train") == 8
    (problem,) = Ucf101(root=ucf_root, split=2).problems()
    assert "no trainlist or testlist of split 2" in problem.message and "trainlist01.txt" in problem.message


def test_labels_are_numbered_as_in_the_run(ucf_root, data_dir):
    config = Ucf101(root=ucf_root, data_dir=data_dir, short_side=24, clip=SMALL)
    like = Spec(input_shape=(4, 16, 16, 3), class_names=("Climb", "Jump", "Run"))
    splits = config.load(like)
    assert splits.spec.class_names == like.class_names
    names, targets = splits.names("test"), splits.targets("test")
    assert [like.class_names[target] for target in targets] == [name.split("/")[0] for name in names]
    with pytest.raises(InputError, match="the run does not know the class Run"):
        config.load(Spec(input_shape=(4, 16, 16, 3), class_names=("Jump", "Climb")))


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
    import io

    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format, **({"quality": 100, "subsampling": 0} if format == "JPEG" else {}))
    return buffer.getvalue()


@pytest.mark.parametrize("format", ["JPEG", "PNG"])
def test_evaluation_sees_the_central_square(format):
    pictures = frames.EncodedFrames(tf.constant([encoded(picture(), format)] * 5))
    (clip,) = frames.eval_clips(pictures, ClipConfig(num_frames=2, size=40)).numpy()
    np.testing.assert_allclose(clip[0].astype(int), picture()[:, 10:50].astype(int), atol=6)


def test_augmentation_is_one_for_all_frames_and_repeats_with_its_seed():
    pictures = frames.EncodedFrames(tf.constant([encoded(picture())] * 4))
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
    pictures = frames.EncodedFrames(tf.constant([encoded(picture(48, 48))] * 2))

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


def test_stored_frames_come_out_as_evaluation_shows_them(folder):
    config = folder(short_side=20)
    splits = config.load()
    decode = tf.function(config.from_encoded(splits.spec), input_signature=[tf.TensorSpec([None, None], tf.string)])
    assert decode.get_concrete_function().structured_outputs.shape.as_list() == [None, None, 16, 16, 3]
    shown = splits.eval_stream("train", 1)
    clips = []
    for (stored, _), (inputs, _) in zip(splits._records("train"), shown, strict=True):
        clips.append(tf.gather(stored, frames.eval_indices(tf.size(stored), SMALL)[0]))
        np.testing.assert_array_equal(decode(clips[-1][None]), inputs)
        single = np.stack([config.frame(tf.io.decode_jpeg(frame).numpy(), splits.spec) for frame in clips[-1].numpy()])
        assert single.shape == (4, 16, 16, 3) and single.dtype == np.uint8
        np.testing.assert_allclose(single.astype(int), inputs[0].numpy().astype(int), atol=12)
        assert np.abs(single.astype(int) - inputs[0].numpy()).mean() < 0.5  # colour at the edge of what is decoded
    np.testing.assert_array_equal(decode(tf.stack(clips)), [inputs[0] for inputs, _ in shown])


def test_frames_of_clips_may_differ_in_size_and_kind():
    config = MovingShapes(clip=SMALL)
    large, small = encoded(picture()), encoded(picture(24, 16), "PNG")
    clips = config.from_encoded(config.expected_spec())(tf.constant([[large, small, large], [small, small, small]]))
    assert clips.shape == (2, 3, 16, 16, 3) and clips.dtype == tf.uint8
    np.testing.assert_array_equal(clips[0, 1], picture(24, 16)[4:20])
    np.testing.assert_array_equal(clips[0, 1], config.frame(picture(24, 16), config.expected_spec()))
    np.testing.assert_array_equal(clips[0, 1], clips[1, 2])
    wider = Spec(input_shape=(4, 32, 32, 3), class_names=("a",))  # the spec of the network decides
    assert config.frame(picture(), wider).shape == (32, 32, 3)


def test_frames_a_second_of_a_stream():
    def fps(seconds, max_fps=None, **clip):
        config = MovingShapes(max_fps=max_fps, clip=ClipConfig(num_frames=16, size=16, frame_step=4, **clip))
        spec = config.expected_spec().model_copy(update={"clip_seconds": seconds})
        return config.stream_fps(spec), config.stream_step

    assert fps(8.0) == fps(8.0, 10.0) == (2.0, 1)
    assert fps(None) == (None, 1)
    assert fps(8.0, eval_sampling="dense") == (None, 4)
    assert fps(8.0, 10.0, eval_sampling="dense") == (2.5, 4)


def test_windows_over_a_long_video():
    spec = Spec(input_shape=(4, 16, 16, 3), class_names=("a", "b"), clip_seconds=1.0)
    pixels = [np.full((16, 16, 3), shade, np.uint8) for shade in range(0, 240, 6)]
    video = EncodedVideo([encoded(one) for one in pixels], seconds=4.0)
    views = reading.views_of_video(video, SMALL, spec)
    assert views.inputs.shape == (1, 4, 16, 16, 3)
    assert views.times == [(0.0, 1.0), (1.0, 2.0), (2.0, 3.0), (3.0, 4.0)]
    means = views.windows.mean(axis=(1, 2, 3, 4))
    np.testing.assert_allclose(means, [30, 90, 150, 210], atol=6)
    assert len(reading.views_of_video(EncodedVideo(video.frames[:12], 1.2), SMALL, spec).times) == 0


def test_any_tfds_data_set_with_video_and_label(tmp_path, monkeypatch):
    import tensorflow_datasets as tfds

    from lstm_zoo.data import downloads
    from lstm_zoo.data.tfds_video import TfdsVideo

    class Clips(tfds.core.GeneratorBasedBuilder, skip_registration=True):
        name = "clips"
        VERSION = tfds.core.Version("1.0.0")

        def _info(self):
            features = {
                "film": tfds.features.Video((None, 20, 20, 3)),
                "act": tfds.features.ClassLabel(names=["x", "y"]),
            }
            return tfds.core.DatasetInfo(builder=self, features=tfds.features.FeaturesDict(features))

        def _split_generators(self, dl_manager):
            return {"train": self._generate_examples(10), "test": self._generate_examples(4)}

        def _generate_examples(self, count):
            for number in range(count):
                yield number, {"film": np.full((5, 20, 20, 3), 200 * (number % 2), np.uint8), "act": number % 2}

    monkeypatch.setattr(downloads, "tfds_builder", lambda name, data_dir: Clips(data_dir=data_dir))
    config = TfdsVideo(
        name="clips", data_dir=tmp_path, train="train[:80%]", val="train[80%:]", clip=SMALL, short_side=20
    )
    splits = config.load()
    assert [splits.size(split) for split in ("train", "val", "test")] == [8, 2, 4]
    inputs, targets = next(splits.eval_stream("test", 4).as_numpy_iterator())
    assert ((inputs.mean(axis=(1, 2, 3, 4)) > 100) == (targets == 1)).all()
    assert splits.names("test")[1] == "test 1"
    turned = config.load(Spec(input_shape=(4, 16, 16, 3), class_names=("y", "x")))
    np.testing.assert_array_equal(turned.targets("test"), 1 - splits.targets("test"))


def test_missing_data_sets_say_what_to_do(tmp_path):
    from lstm_zoo.data.downloads import tfds_builder

    with pytest.raises(InputError, match=r"TFDS has no data set 'ucf102' \(did you mean 'ucf101'\?\)"):
        tfds_builder("ucf102", tmp_path)


def test_failed_downloads_name_files_and_places(tmp_path, monkeypatch):
    import tensorflow_datasets as tfds

    from lstm_zoo.data.downloads import prepared, tfds_builder

    def fail(*args, **kwargs):
        raise OSError("connection refused")

    monkeypatch.setattr(tfds.download.DownloadManager, "download_and_extract", fail)
    with pytest.raises(
        InputError, match=r"connection refused.*UCF101_videos.zip.*beside ucfTrainTestlist/, and set data.root"
    ):
        Ucf101(data_dir=tmp_path).load()
    with pytest.raises(InputError, match=r"connection refused.*copy it to"):
        prepared(tfds_builder("ucf101", tmp_path))


def test_downloaded_ucf101_is_laid_out(tmp_path, monkeypatch, ucf_root):
    import tensorflow_datasets as tfds

    flat = tmp_path / "unpacked" / "UCF101"
    for clip in (ucf_root / "UCF-101").rglob("*.avi"):
        flat.mkdir(parents=True, exist_ok=True)
        (flat / clip.name.replace("v_Run", "v_RuN")).write_bytes(clip.read_bytes())  # spelt otherwise in the archive
    found = {"videos": flat.parent, "lists": ucf_root / "ucfTrainTestlist"}
    monkeypatch.setattr(tfds.download.DownloadManager, "download_and_extract", lambda self, urls: found)
    splits = Ucf101(data_dir=tmp_path / "data", short_side=24, clip=SMALL, val_fraction=0).load()
    assert splits.size("train") == 8 and splits.size("test") == 2


def test_moving_shapes_spec_needs_no_preparation():
    assert MovingShapes(clip=SMALL).expected_spec().class_names == CLASS_NAMES


def test_damaged_prepared_data_are_told(ucf_root, tmp_path):
    config = Ucf101(root=ucf_root, data_dir=tmp_path, short_side=24, clip=SMALL)
    config.load()
    next(tmp_path.rglob("clips.csv")).unlink()
    with pytest.raises(InputError, match="are damaged; delete that folder"):
        config.load()
    blocked = tmp_path / "file"
    blocked.touch()
    with pytest.raises(InputError, match=r"data.data_dir: .* cannot be written"):
        Ucf101(root=ucf_root, data_dir=blocked, short_side=24, clip=SMALL).load()


def test_a_part_of_a_tfds_split_has_a_size(ucf_root, data_dir):
    builder = Ucf101(root=ucf_root, data_dir=data_dir, short_side=24, clip=SMALL, val_fraction=0).builder()
    builder.prepare()
    whole, half = (records.stored_bytes(builder, split) for split in ("train", "train[:50%]"))
    assert half == pytest.approx(whole / 2, rel=0.01) != 0
