"""Fixtures: videos, data sets and a trained run, made here once a session; nothing is downloaded."""

import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
# What LLVM makes of XLA's code is not this package's, and takes longer than all the rest of a small network.
os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} --xla_backend_optimization_level=0".strip()

import av
import numpy as np
import pytest
from PIL import Image
from warm_python import warm_python

from lstm_zoo.media.errors import MediaError


def write_video(path: Path, num_frames: int = 8, size=(32, 24), shade: int = 0, fps: int = 8, codec: str = "mpeg4"):
    """Write a video whose frames grow brighter; `shade` tells classes apart."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=fps)
        stream.width, stream.height = size
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        for number in range(num_frames):
            picture = np.full((size[1], size[0], 3), 40 + 180 * number // num_frames, np.uint8)
            picture[:, : size[0] // 2, 0] = shade
            for packet in stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return path


def picture(number, size=(36, 28)):
    """A smooth picture whose left half is red and whose blue tells pictures apart."""
    y, x = np.mgrid[: size[1], : size[0]]
    red = np.where(x < size[0] // 2, 220, 20)
    return Image.fromarray(np.stack([red, 60 + y * 120 // size[1], np.full_like(x, 20 * number)], -1).astype(np.uint8))


def write_image(path, number=0, size=(36, 28), **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    picture(number, size).save(path, **options)
    return path


def reason(function, *arguments) -> str:
    """Return why a function cannot use a file."""
    with pytest.raises(MediaError) as caught:
        function(*arguments)
    return str(caught.value)


@pytest.fixture
def read_here(monkeypatch):
    """Have files read in the test's own process, so that what it replaces there counts."""
    from lstm_zoo.media import limits

    monkeypatch.setattr(limits, "_timer", lambda seconds: None)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """Have groups kept together: pytest 9.2 no longer looks at `_nodeid`, where pytest-xdist 3.8 writes them."""
    for item in items:
        if (name := getattr(item, "_nodeid", None)) and name != item.nodeid:
            item._id = type(item._id).parse(name)


def run_on_jax(code: str, *arguments: str, cwd: Path | None = None, **variables: str) -> str:
    """Run code in a process whose Keras stands on JAX, under environment variables; return what it printed."""
    environment = {**os.environ, "KERAS_BACKEND": "jax", **variables}
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=cwd)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.fixture(scope="session")
def _warm_program(tmp_path_factory):
    with warm_python(tmp_path_factory.mktemp("warm")) as program:
        yield program


@pytest.fixture
def warm(_warm_program, monkeypatch):
    """Have processes that this test starts find TensorFlow imported."""
    monkeypatch.setattr(sys, "executable", str(_warm_program))


@contextmanager
def running_eagerly():
    """Have TensorFlow take the few steps of a small run one operation at a time: tracing them first takes longer."""
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(False)


@pytest.fixture
def eager():
    """Run the test eagerly."""
    with running_eagerly():
        yield


@pytest.fixture(scope="session", autouse=True)
def _arranged_once():
    """Have one figure of each size and number of axes arranged, and others drawn as they are, which is soon done."""
    from matplotlib.backend_bases import FigureCanvasBase

    print_figure, arranged = FigureCanvasBase.print_figure, set()

    def printed(self, *arguments, **options):
        kind = (*self.figure.get_size_inches(), len(self.figure.axes))
        if kind in arranged:
            self.figure.set_layout_engine("none")
        arranged.add(kind)
        return print_figure(self, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FigureCanvasBase, "print_figure", printed)
        yield print_figure


@pytest.fixture
def arranged(_arranged_once, monkeypatch):
    """Have all figures of the test arranged."""
    monkeypatch.setattr("matplotlib.backend_bases.FigureCanvasBase.print_figure", _arranged_once)


@pytest.fixture(scope="session", autouse=True)
def _own_data_dir(tmp_path_factory):
    """Keep prepared data out of the user's home."""
    before = os.environ.get("TFDS_DATA_DIR")
    os.environ["TFDS_DATA_DIR"] = str(tmp_path_factory.mktemp("tfds"))
    yield
    if before is None:
        del os.environ["TFDS_DATA_DIR"]
    else:
        os.environ["TFDS_DATA_DIR"] = before


@pytest.fixture
def hub(monkeypatch, tmp_path):
    """A hub on this machine, and a user who has fetched nothing yet."""
    from huggingface_hub import close_session
    from loopback_hub import loopback_hub, use_hub

    with loopback_hub() as hub:
        use_hub(monkeypatch, hub, tmp_path / "home")
        yield hub
    close_session()


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("prepared")


@pytest.fixture(scope="session")
def video_root(tmp_path_factory) -> Path:
    """Two classes of six clips from three sources each."""
    root = tmp_path_factory.mktemp("videos") / "mine"
    for label, shade in (("bright", 250), ("dark", 5)):
        for number in range(6):
            suffix = (".mp4", ".avi", ".mkv")[number % 3]
            write_video(root / label / f"{label}_s{number // 2}_{number}{suffix}", 6 + number, shade=shade)
    return root


@pytest.fixture(scope="session")
def ucf_root(tmp_path_factory) -> Path:
    """Two classes of UCF101 in its own layout: groups 1 to 4 to train, 5 to test, CRLF line ends."""
    root = tmp_path_factory.mktemp("ucf")
    lists = root / "ucfTrainTestlist"
    lists.mkdir()
    (lists / "classInd.txt").write_bytes(b"1 Run\r\n2 Jump\r\n")
    train, test = [], []
    for number, (label, shade) in enumerate((("Run", 250), ("Jump", 5)), 1):
        for group in range(1, 6):
            name = f"{label}/v_{label}_g{group:02d}_c01.avi"
            write_video(root / "UCF-101" / name, 6, shade=shade)
            (train if group < 5 else test).append(f"{name} {number}" if group < 5 else name)
    (lists / "trainlist01.txt").write_bytes("\r\n".join(train).encode())
    (lists / "testlist01.txt").write_bytes("\r\n".join(test).encode())
    return root


@pytest.fixture(scope="session")
def smoke_run(tmp_path_factory, data_dir):
    """The network of a trained run of the smoke recipe, evaluated on its validation split."""
    from lstm_zoo.config.recipe import load
    from lstm_zoo.runs.network import RunNetwork
    from lstm_zoo.training.fit import train

    config = load("smoke/cnn_lstm.yaml", [f"data.data_dir={data_dir}"])
    with running_eagerly():
        return RunNetwork(train(config, tmp_path_factory.mktemp("runs") / "smoke"))


def small_mobilenet(input_shape=None, include_top=False, weights=None, alpha=1.0, pooling=None):
    """Stand in for keras.applications.MobileNetV2, whose 150 layers cost seconds each time."""
    import keras

    inputs = x = keras.Input(input_shape)
    for number in (1, 2):
        x = keras.layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False, name=f"block_{number}_conv")(x)
        x = keras.layers.ReLU(6.0)(keras.layers.BatchNormalization(name=f"block_{number}_norm")(x))
    if pooling:
        x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, x, name="mobilenetv2")


@pytest.fixture
def pretrained_encoder(monkeypatch, tmp_path_factory) -> Path:
    """A file of weights for MobileNetV2, for which a small network stands in here."""
    import keras

    monkeypatch.setattr(keras.applications, "MobileNetV2", small_mobilenet)
    keras.utils.set_random_seed(5)
    file = tmp_path_factory.mktemp("weights") / "small.weights.h5"
    small_mobilenet((32, 32, 3)).save_weights(file)
    return file


@pytest.fixture(scope="session")
def mobilenet_file(tmp_path_factory) -> Path:
    """Weights of the smallest MobileNetV2, as if they were pretrained."""
    import keras

    keras.utils.set_random_seed(5)
    network = keras.applications.MobileNetV2(input_shape=(32, 32, 3), include_top=False, weights=None, alpha=0.35)
    file = tmp_path_factory.mktemp("weights") / "mobilenet.weights.h5"
    network.save_weights(file)
    return file
