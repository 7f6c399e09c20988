"""The pipeline that all families share, tried on clips."""

import errno
import json
import tempfile
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from conftest import write_video

from lstm_zoo.config.recipe import load
from lstm_zoo.contracts import InputError, Share
from lstm_zoo.data.pipeline.family import Item
from lstm_zoo.data.pipeline.preparing import PreparedBuilder
from lstm_zoo.data.pipeline.splitting import split_by_group
from lstm_zoo.data.pipeline.stored import Stored
from lstm_zoo.data.videos.clip_config import ClipConfig
from lstm_zoo.data.videos.ucf101 import Ucf101
from lstm_zoo.data.videos.video_folder import VideoFolder
from lstm_zoo.disk.failures import DiskError

SMALL = ClipConfig(num_frames=4, size=16)


def labels(splits, split):
    return [judged.truth for judged in splits.judged(split)]


def streamed(dataset, batches):
    return [(inputs["clip"].copy(), targets.copy()) for inputs, targets in dataset.take(batches).as_numpy_iterator()]


def test_train_stream_depends_on_seed_and_epoch_alone(data_dir):
    config = load("smoke/cnn_lstm.yaml", [f"data.data_dir={data_dir}"])
    splits = config.data.load()
    assert [splits.size(split) for split in ("train", "val", "test")] == [16, 8, 8]
    two_epochs = streamed(splits.train_stream(6, seed=1), 6)
    assert [len(targets) for _, targets in two_epochs] == [6, 6, 4, 6, 6, 4]
    assert two_epochs[0][0].shape == (6, 4, 16, 16, 3) and two_epochs[0][0].dtype == np.uint8
    first, second = (np.concatenate([t for _, t in part]) for part in (two_epochs[:3], two_epochs[3:]))
    assert sorted(first) == sorted(second) == sorted(labels(splits, "train")) and list(first) != list(second)
    tf.random.set_seed(99)  # no hidden global generator
    resumed = streamed(config.data.load().train_stream(6, seed=1, first_epoch=1), 3)
    for (inputs, targets), (inputs_again, targets_again) in zip(two_epochs[3:], resumed, strict=True):
        np.testing.assert_array_equal(inputs, inputs_again)
        np.testing.assert_array_equal(targets, targets_again)
    other_seed = streamed(splits.train_stream(16, seed=2), 1)
    assert not np.array_equal(other_seed[0][1], first)


@pytest.mark.parametrize("kept", [True, False], ids=["kept", "read in blocks"])
def test_a_stream_goes_on_in_the_middle_of_an_epoch(data_dir, monkeypatch, kept):
    """Blocks hold 5 of the 16 examples where they are read, so that steps of 6 begin in the middle of one."""
    config = load("smoke/cnn_lstm.yaml", [f"data.data_dir={data_dir}", "data.clip.train_sampling=random_segment"])
    splits = config.data.load()
    if not kept:
        monkeypatch.setattr("lstm_zoo.data.pipeline.stored.KEPT_BYTES", 0)
        size = splits._stored.num_bytes("train")
        monkeypatch.setattr("lstm_zoo.data.pipeline.stored._BLOCK_BYTES", size * 11 // 32)
    whole = streamed(splits.train_stream(6, seed=1, first_epoch=1), 6)
    names = splits.train_names(6, 1, 1, range(3))
    assert sorted(names) == sorted(judged.name for judged in splits.judged("train"))
    for step in range(1, 4):
        later = streamed(splits.train_stream(6, seed=1, first_epoch=1, first_step=step), 6 - step)
        for (inputs, targets), (inputs_again, targets_again) in zip(whole[step:], later, strict=True):
            np.testing.assert_array_equal(inputs, inputs_again)
            np.testing.assert_array_equal(targets, targets_again)
        assert splits.train_names(6, 1, 1, range(step, 3)) == names[6 * step :]


def test_processes_see_together_what_one_would_see(data_dir, monkeypatch):
    """Two of them, in the middle of the second epoch on, read in blocks; 4 of 16 examples fill no batch of six."""
    config = load("smoke/cnn_lstm.yaml", [f"data.data_dir={data_dir}", "data.clip.train_sampling=random_segment"])
    splits = config.data.load()
    monkeypatch.setattr("lstm_zoo.data.pipeline.stored.KEPT_BYTES", 0)
    monkeypatch.setattr("lstm_zoo.data.pipeline.stored._BLOCK_BYTES", splits._stored.num_bytes("train") * 11 // 32)
    both = [Share(number, 2) for number in range(2)]
    whole = streamed(splits.train_stream(6, 1, 1, 1, drop_remainder=True), 3)
    parts = [streamed(splits.train_stream(6, 1, 1, 1, drop_remainder=True, share=share), 3) for share in both]
    for (clips, targets), *halves in zip(whole, *parts, strict=True):
        assert [len(clips) for clips, _ in halves] == [3, 3]
        np.testing.assert_array_equal(clips, np.concatenate([clips for clips, _ in halves]))
        np.testing.assert_array_equal(targets, np.concatenate([targets for _, targets in halves]))
    (clips, _), (rest, _) = streamed(splits.eval_stream("val", 6), 2)
    for share, rows in zip(both, (slice(3), slice(3, 6)), strict=True):
        (own, _), (all_of_rest, _) = streamed(splits.eval_stream("val", 6, share), 2)
        np.testing.assert_array_equal(own, clips[rows])
        np.testing.assert_array_equal(all_of_rest, rest)


@pytest.mark.parametrize("sampling", ["uniform", "random_segment"])
@pytest.mark.parametrize("augment", [{}, {"crop_scale": (0.5, 0.9), "flip": True}], ids=["plain", "cropped"])
def test_clips_are_the_same_whether_kept_decoded_or_not(data_dir, monkeypatch, sampling, augment):
    overrides = [f"data.data_dir={data_dir}", f"data.clip.train_sampling={sampling}"]
    overrides += [f"data.clip.augment={json.dumps(augment)}"]
    config = load("smoke/cnn_lstm.yaml", overrides)
    kept = config.data.load()
    assert kept.augmented == (sampling != "uniform" or bool(augment))
    clips = streamed(kept.train_stream(6, seed=1), 5)
    assert kept._media._kept[0]["video"].shape[1:] == (16, 16, 3)
    monkeypatch.setattr("lstm_zoo.data.pipeline.stored.KEPT_BYTES", 0)
    read = config.data.load()
    for (inputs, targets), (same_inputs, same_targets) in zip(
        clips, streamed(read.train_stream(6, seed=1), 5), strict=True
    ):
        np.testing.assert_array_equal(targets, same_targets)
        difference = np.abs(inputs.astype(int) - same_inputs)
        # Decoding a part of a JPEG interpolates colour otherwise at the part's edges.
        assert difference.max() == 0 if not augment else difference.mean() < 2
    assert read._media._kept is None


def test_views_of_an_epoch_are_what_its_stream_shows(data_dir):
    splits = load("smoke/cnn_lstm.yaml", [f"data.data_dir={data_dir}", "data.clip.augment.flip=true"]).data.load()
    stored = splits._media.in_stored_order(seed=3, epoch=1, batch_size=5)
    views = np.concatenate([media["clip"] for _, media in stored.as_numpy_iterator()])
    shown = np.concatenate([inputs for inputs, _ in streamed(splits.train_stream(8, seed=3, first_epoch=1), 2)])
    assert sorted(clip.tobytes() for clip in views) == sorted(clip.tobytes() for clip in shown)
    full = streamed(splits.train_stream(6, seed=1, drop_remainder=True), 4)
    assert [len(targets) for _, targets in full] == [6] * 4


def test_split_by_group_comes_near_the_shares():
    random = np.random.default_rng(0)
    items = [Item(f"{k}/{n}", str(k), f"g{random.integers(40)}") for k in range(3) for n in range(200)]
    shares = {"train": 0.7, "val": 0.15, "test": 0.15}
    dealt = split_by_group(items, shares, 1, lambda item: item.target)
    for split, share in shares.items():
        for label in "012":
            assert abs(sum(item.target == label for item in dealt[split]) / 200 - share) < 0.06
    assert sorted(sum(dealt.values(), [])) == sorted(items)
    assert split_by_group(items, shares, 1, lambda item: item.target) == dealt
    with pytest.raises(InputError, match="2 groups cannot fill 3 splits untorn"):
        split_by_group([Item("a", "x", "1"), Item("b", "y", "2")], shares, seed=0)


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
    message = str(caught.value)
    assert "4 videos cannot be used" in message and "on_bad_file=skip" in message and "bad_files.csv" in message
    for part in ("a/empty.mp4", "0 bytes", "a/text.avi", "b/short.mp4", "has 1 frames; needed: 2", "b/torn.mp4"):
        assert part in message
    splits = VideoFolder(**options, on_bad_file="skip").load()  # what was readable is prepared already
    assert splits.size("train") + splits.size("test") == 8
    found = VideoFolder(**options).bad_files()
    assert sorted(file.name for file in splits.bad_files) == sorted(file.name for file in found)
    assert len(found) == 4


def test_a_changed_file_is_prepared_again_and_no_temporary_folder_stays(tmp_path, data_dir, monkeypatch):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    for label in ("a", "b"):
        for number in range(2):
            write_video(tmp_path / "root" / label / f"{number}.mp4", 6)
    config = VideoFolder(
        root=tmp_path / "root", data_dir=data_dir, short_side=24, clip=SMALL, val_fraction=0, test_fraction=0.5
    )
    before = config.load().fingerprint
    assert config.load().fingerprint == before
    write_video(tmp_path / "root" / "a" / "0.mp4", 9)
    assert config.load().fingerprint != before
    assert not list(temporary.iterdir())


def test_damaged_prepared_data_are_told(ucf_root, tmp_path):
    config = Ucf101(root=ucf_root, data_dir=tmp_path, short_side=24, clip=SMALL)
    config.load()
    next(tmp_path.rglob("examples.csv")).unlink()
    with pytest.raises(InputError, match="are damaged; delete that folder"):
        config.load()
    blocked = tmp_path / "file"
    blocked.touch()
    with pytest.raises(InputError, match=r"data.data_dir: .* cannot be written"):
        Ucf101(root=ucf_root, data_dir=blocked, short_side=24, clip=SMALL).load()


def test_what_another_process_prepared_meanwhile_is_used_and_what_killed_ones_left_is_removed(ucf_root, tmp_path):
    config = Ucf101(root=ucf_root, data_dir=tmp_path, short_side=24, clip=SMALL)
    first, second = (config.builder(config.family(config.expected_spec())) for _ in range(2))
    folder = Path(first.data_dir)
    left = folder.parent / "incomplete.A1B2C3_1.0.0"
    left.mkdir(parents=True)
    (left / "shard").touch()
    first.prepare()
    assert not left.exists()
    made = folder.stat().st_mtime_ns
    second.prepare()
    assert folder.stat().st_mtime_ns == made
    assert second.info.splits["train"].num_examples == first.info.splits["train"].num_examples


def test_a_full_disk_under_prepared_data_is_told_with_the_setting(ucf_root, tmp_path, monkeypatch):
    def full(self, *arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(PreparedBuilder, "_write_table", full)
    with pytest.raises(DiskError, match=r"cannot be written: No space left .* another place \(data\.data_dir\)"):
        Ucf101(root=ucf_root, data_dir=tmp_path, short_side=24, clip=SMALL).load()
    assert not list(tmp_path.rglob("incomplete.*"))


def test_a_part_of_a_tfds_split_has_a_size(ucf_root, data_dir):
    config = Ucf101(root=ucf_root, data_dir=data_dir, short_side=24, clip=SMALL, val_fraction=0)
    builder = config.builder(config.family(config.expected_spec()))
    builder.prepare()
    whole, half = (Stored(builder, {}, None, {"train": part}).num_bytes("train") for part in ("train", "train[:50%]"))
    assert half == pytest.approx(whole / 2, rel=0.01) != 0


def test_missing_data_sets_say_what_to_do(tmp_path):
    from lstm_zoo.data.pipeline.downloads import tfds_builder

    with pytest.raises(InputError, match=r"TFDS has no data set 'ucf102' \(did you mean 'ucf101'\?\)"):
        tfds_builder("ucf102", tmp_path)


@pytest.mark.parametrize(("batches", "examples"), [(range(2), 3), (range(1, 3), 4), (range(3, 6), 5), (range(7, 8), 2)])
def test_some_batches_are_those_of_all_and_no_other_example_is_decoded(
    video_root, data_dir, monkeypatch, batches, examples
):
    """Examples have two rows each, of which batches of 3 take one at times."""
    overrides = [f"data.root={video_root}", f"data.data_dir={data_dir}", "data.val_fraction=0", "data.test_fraction=0"]
    splits, decoded = load("smoke/video_folder.yaml", overrides).data.load(), []
    whole, show = streamed(splits.eval_stream("train", 3), 99), splits._family.show

    def counted(record):
        tf.py_function(lambda: decoded.append(1), [], [])
        return show(record)

    monkeypatch.setattr(splits._family, "show", counted)
    some = streamed(splits.eval_stream("train", 3, batches=batches), 99)
    assert len(whole) == 8 and len(decoded) == examples
    for one, other in zip(some, whole[batches.start : batches.stop], strict=True):
        for tensor, same in zip(one, other, strict=True):
            np.testing.assert_array_equal(tensor, same)
