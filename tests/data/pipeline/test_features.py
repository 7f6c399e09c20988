"""Cached features: the same training and the same scores, and never half a file."""

import csv

import keras
import numpy as np
import pytest

from lstm_zoo.config.recipe import ConfigError, load
from lstm_zoo.contracts import FEATURES, InputError
from lstm_zoo.layers import FoldTime, ImageScaling
from lstm_zoo.runs.directory import Run
from lstm_zoo.runs.network import RunNetwork
from lstm_zoo.training.fit import train


def recipe(*overrides):
    return load("smoke/cnn_lstm.yaml", overrides)


def small_encoder(factor=1.0):
    frame = keras.Input((16, 16, 3), dtype="uint8")
    means = keras.layers.GlobalAveragePooling2D()(ImageScaling("unit")(frame))
    scale = keras.layers.Dense(2, kernel_initializer=keras.initializers.Constant(factor))
    clip = keras.Input((4, 16, 16, 3), dtype="uint8", name="clip")
    return keras.Model({"clip": clip}, {FEATURES: FoldTime(keras.Model(frame, scale(means)))(clip)})


@pytest.fixture
def splits(tmp_path):
    return recipe(f"data.data_dir={tmp_path}", "data.clip.augment.flip=true").data.load()


def folder_of(cached):
    (folder,) = (cached.folder / "features").iterdir()
    return folder


def files(cached):
    return sorted(file.name for file in folder_of(cached).iterdir())


def rows(stream, batches=None):
    taken = stream if batches is None else stream.take(batches)
    batches = [(next(iter(inputs.values())), targets) for inputs, targets in taken.as_numpy_iterator()]
    return tuple(np.concatenate(column) for column in zip(*batches, strict=True))


def test_features_are_those_of_the_clips_in_every_order(splits):
    encoder = small_encoder()
    cached = splits.on_features(encoder, {}, num_views=2)
    features, targets = rows(cached.eval_stream("val", 3))
    clips, expected_targets = rows(splits.eval_stream("val", 8))
    np.testing.assert_allclose(features, encoder.predict({"clip": clips}, verbose=0)[FEATURES], atol=1e-6)
    np.testing.assert_array_equal(targets, expected_targets)
    for one, whole in zip(
        rows(cached.eval_stream("val", 3, batches=range(1, 3))), rows(cached.eval_stream("val", 3)), strict=True
    ):
        np.testing.assert_array_equal(one, whole[3:])
    shown = []
    for epoch in range(3):  # the third shows the first's view again, in another order
        features, targets = rows(cached.train_stream(6, seed=1, first_epoch=epoch), 3)
        if epoch < 2:
            clips, expected_targets = rows(splits.train_stream(6, seed=1, first_epoch=epoch), 3)
            np.testing.assert_allclose(features, encoder.predict({"clip": clips}, verbose=0)[FEATURES], atol=1e-6)
            np.testing.assert_array_equal(targets, expected_targets)
        shown.append(features.reshape(16, -1))
        later = rows(cached.train_stream(6, seed=1, first_epoch=epoch, first_step=2), 1)
        np.testing.assert_array_equal(later[0], features[12:])
    first, _, third = (sorted(map(tuple, one)) for one in shown)
    assert first == third and shown[0].tolist() != shown[2].tolist()
    assert files(cached) == ["about.json", "train-view-seed1-0.npy", "train-view-seed1-1.npy", "val.npy"]


def test_a_file_is_read_again_and_a_changed_encoder_has_its_own(splits, monkeypatch):
    encoder = small_encoder()
    first = rows(splits.on_features(encoder, {}).eval_stream("val", 8))[0]
    other = splits.on_features(small_encoder(2.0), {})
    np.testing.assert_allclose(rows(other.eval_stream("val", 8))[0], 2 * first, rtol=1e-5)

    def never(*arguments):
        raise AssertionError("computed again")

    monkeypatch.setattr(keras.Model, "predict_on_batch", never)
    np.testing.assert_array_equal(rows(splits.on_features(encoder, {}).eval_stream("val", 8))[0], first)
    with pytest.raises(AssertionError, match="computed again"):
        splits.on_features(encoder, {"name": "another"}).eval_stream("val", 8)


def test_half_a_file_is_never_read(splits, monkeypatch):
    encoder = small_encoder()
    cached = splits.on_features(encoder, {})
    calls = []

    def fail_at_the_second(model, inputs):
        calls.append(inputs)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return {FEATURES: np.zeros((len(inputs["clip"]), 4, 2))}

    with monkeypatch.context() as patch:
        patch.setattr("lstm_zoo.data.pipeline.features.BATCH_ROWS", 4)
        patch.setattr(keras.Model, "predict_on_batch", fail_at_the_second)
        with pytest.raises(KeyboardInterrupt):
            cached.eval_stream("val", 8)
    assert files(cached) == ["about.json"]
    assert rows(cached.eval_stream("val", 8))[0].any()
    for damage in (b"not numpy", b""):
        (folder_of(cached) / "val.npy").write_bytes(damage)
        with pytest.raises(InputError, match=r"damaged .*delete it"):
            cached.eval_stream("val", 8)


@pytest.mark.usefixtures("eager")
def test_training_on_cached_features_is_training_on_clips(tmp_path, pretrained_encoder):
    options = [
        f"data.data_dir={tmp_path}",
        "data.side=32",
        "data.short_side=32",
        "data.clip.augment={}",
        "model.dropout=0",
        "data.clip.size=32",
        "data.clip.train_sampling=uniform",
        f"model.backbone={{name: MobileNetV2, weights: {pretrained_encoder}}}",
        "train.batch_size=8",
    ]
    runs = {}
    for views in ("null", "0"):
        config = recipe(*options, f"train.cached_views={views}")
        runs[views] = train(config, tmp_path / f"run{views}")
    histories = []
    for run in runs.values():
        with (run.path / "history.csv").open() as file:
            histories.append([[float(row["loss"]), float(row["val_loss"])] for row in csv.DictReader(file)])
    np.testing.assert_allclose(*histories, rtol=1e-4)
    cached = Run.open(runs["null"].path)
    for one, other in zip(*(RunNetwork(run).model.get_weights() for run in (cached, runs["0"])), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)
    assert cached.metrics["val"]["top1"] == runs["0"].metrics["val"]["top1"]
    assert len(list(tmp_path.rglob("train-view.npy"))) == len(list(tmp_path.rglob("val.npy"))) == 1


def test_views_of_an_encoder_that_is_trained_are_refused():
    with pytest.raises(ConfigError, match=r"train\.cached_views: is 3, but the network has no frozen encoder"):
        recipe("train.cached_views=3").check()


def test_a_folder_that_cannot_be_written_costs_time_only(splits, monkeypatch, capsys):
    encoder = small_encoder()
    expected = rows(splits.on_features(encoder, {}).eval_stream("val", 8))[0]

    def refuse(*arguments, **options):
        raise PermissionError("read-only file system")

    monkeypatch.setattr("pathlib.Path.mkdir", refuse)
    found = rows(splits.on_features(encoder, {"name": "new"}).eval_stream("val", 8))[0]
    np.testing.assert_array_equal(found, expected)
    assert "features are not kept" in capsys.readouterr().err


def test_what_is_kept_is_told_with_its_size(splits, capsys):
    splits.on_features(small_encoder(), {}).eval_stream("val", 8)
    splits.on_features(small_encoder(2.0), {}).eval_stream("val", 8)
    said = capsys.readouterr().err
    assert "MiB kept in" in said and "those of other encoders take" in said and "--remove-features" in said


def test_other_records_of_a_data_set_have_features_of_their_own(splits):
    other = recipe(f"data.data_dir={splits.folder.parents[2]}", "data.seed=9").data.load()  # as many, but not the same
    encoder = small_encoder()
    one, two = (rows(each.on_features(encoder, {}).eval_stream("val", 8))[0] for each in (splits, other))
    assert one.shape == two.shape and not np.array_equal(one, two)


def test_regions_and_their_mean_have_files_of_their_own(splits):
    clip = keras.Input((4, 16, 16, 3), dtype="uint8", name="clip")
    scaled = keras.layers.Rescaling(1 / 255)(clip)
    for features in (scaled, keras.layers.GlobalAveragePooling3D()(scaled)):
        splits.on_features(keras.Model({"clip": clip}, {FEATURES: features}), {}).eval_stream("val", 8)
    assert len(list((splits.folder / "features").iterdir())) == 2
