"""Several devices, and numbers of half the length."""

import subprocess
import sys

import keras
import numpy as np
import pytest
from trained import recipe

from lstm_zoo.contracts import InputError
from lstm_zoo.training import devices
from lstm_zoo.training.fit import train


@pytest.mark.usefixtures("warm")
def test_several_devices_share_a_batch(tmp_path):
    """Two logical CPUs stand in for two GPUs, in a process of their own; the run is interrupted and resumed as well.

    An encoder that is made for both gives the features of each example once.
    """
    code = f"""
import keras
import numpy as np
import tensorflow as tf
two = [tf.config.LogicalDeviceConfiguration()] * 2
tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], two)
from lstm_zoo.training import devices, fit
from lstm_zoo.config.recipe import load
devices.visible_gpus = lambda: ["CPU:0", "CPU:1"]
settings = ["data.data_dir={tmp_path}/data", "train.epochs="]
for epochs in (1, 2):
    config = load("smoke/flatten_lstm.yaml", [settings[0], settings[1] + str(epochs)])
    run = fit.train(config, "{tmp_path}/run", resume=epochs == 2, evaluate=False)
splits = config.data.load()
with tf.distribute.MirroredStrategy(devices.visible_gpus()).scope():
    clip = keras.Input((4, 16, 16, 3), dtype="uint8", name="clip")
    means = keras.layers.GlobalAveragePooling3D()(keras.layers.Rescaling(1.0)(clip))
    on_features = splits.on_features(keras.Model({{"clip": clip}}, {{"features": means}}), {{}})
(features, _), = on_features.eval_stream("val", 8).as_numpy_iterator()
(clips, _), = splits.eval_stream("val", 8).as_numpy_iterator()
np.testing.assert_allclose(features["features"], clips["clip"].mean((1, 2, 3)), rtol=1e-4)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    rows = (tmp_path / "run" / "history.csv").read_text().strip().splitlines()
    assert len(rows) == 3 and "nan" not in rows[2]


def test_too_many_devices_are_refused(data_dir, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(devices, "visible_gpus", list)
    with pytest.raises(InputError, match="asks for 2 GPUs, but 0 are visible"):
        train(recipe(data_dir, "train.devices=2"))
    assert not list((tmp_path / "runs").iterdir())


@pytest.mark.usefixtures("eager")
def test_mixed_precision_trains_and_leaves_no_trace(data_dir, tmp_path):
    run = train(recipe(data_dir, "train.precision=mixed_float16", "train.epochs=1"), tmp_path / "run")
    assert keras.config.dtype_policy().name == "float32"
    assert np.isfinite(run.metrics["val"]["top1"])
