"""Exports: files that do what the run does in runtimes of their own, or an error that says why there is none."""

import errno
import json
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

import lstm_zoo
from lstm_zoo import exporting
from lstm_zoo.contracts import Classes, InputError, Number, Spec, Tensor
from lstm_zoo.disk.failures import DiskError
from lstm_zoo.exporting import formats, proof
from lstm_zoo.exporting.comparison import compared
from lstm_zoo.exporting.export import _draft_folder, export
from lstm_zoo.exporting.exported import ExportedNetwork
from lstm_zoo.exporting.formats import FORMATS
from lstm_zoo.exporting.network import exported_network, traceable
from lstm_zoo.exporting.options import ExportError, Options
from lstm_zoo.exporting.runner import Runner
from lstm_zoo.layers import GRU, LSTM
from lstm_zoo.models.cnn_lstm import CnnLstm
from lstm_zoo.runs.evaluation import evaluate
from lstm_zoo.runs.network import RunNetwork
from lstm_zoo.runs.prediction import predict
from lstm_zoo.tasks.classification import Classification


def _options(streaming=False, quantize="none", allow_flex=False):
    return Options(quantize, streaming, allow_flex)


def _written(monkeypatch, save):
    """Have ONNX files written in another way."""
    monkeypatch.setitem(FORMATS, "onnx", FORMATS["onnx"]._replace(save=save))


def _op_names(network):
    graph = traceable(network)[0].get_concrete_function().graph.as_graph_def()
    return {node.op for node in [*graph.node, *(node for inner in graph.library.function for node in inner.node_def)]}


@pytest.mark.xdist_group("exports")
@pytest.mark.usefixtures("warm")
@pytest.mark.parametrize("format", FORMATS)
def test_a_file_does_what_the_run_does(smoke_run, exported, format):
    about = json.loads((exported(format).folder / "export.json").read_text())
    assert about["max_difference"] <= 1e-6 and about["mean_difference"] <= about["max_difference"]
    assert about["agreement"] == 1 and about["examples"] == "8 test examples"
    assert about["target"]["names"] == list(smoke_run.spec.class_names) and about["model"] == "cnn_lstm"
    signature = about["signatures"]["serving_default"]
    frames = 4 if format == "litert" else None
    assert signature["inputs"] == [{"name": "clip", "shape": [None, frames, 16, 16, 3], "dtype": "uint8"}]
    assert signature["outputs"] == [{"name": "probabilities", "shape": [None, 8], "dtype": "float32"}]
    assert about["bytes"] > 10_000 and set(about["latency_ms"]) == {"original", "exported"} and about["runtime"]
    assert not any("Cudnn" in op or op.startswith("Flex") for op in about["ops"])


@pytest.mark.xdist_group("exports")
@pytest.mark.parametrize("format", ["onnx", "litert"])
def test_the_file_itself_is_evaluated_and_predicts(smoke_run, exported, format, video_root):
    network = ExportedNetwork.open(exported(format).path)
    scores, of_run = evaluate(network, "test"), evaluate(smoke_run, "test")
    assert of_run == scores and "majority" in scores["floors"]
    assert json.loads((network.folder / "metrics.json").read_text())["test"] == scores
    table = (network.folder / "predictions-test.csv").read_text()
    assert table == (smoke_run.folder / "predictions-test.csv").read_text()
    video = next(video_root.rglob("*.mp4"))
    (told,), (expected,) = predict(network, [video]), predict(smoke_run, [video])
    assert [one["name"] for one in told.facts["classes"]] == [one["name"] for one in expected.facts["classes"]]
    network.runner.close()


@pytest.mark.xdist_group("exports")
@pytest.mark.usefixtures("warm")
def test_a_server_needs_nothing_but_the_saved_model(smoke_run, exported):
    code = (
        "import sys, json, pathlib, numpy as np, tensorflow as tf\n"
        "served = tf.saved_model.load(sys.argv[1]).signatures\n"
        "for size, frames in ((1, 4), (5, 3)):\n"
        "    pixels = np.random.default_rng(0).integers(0, 256, (size, frames, 16, 16, 3), dtype=np.uint8)\n"
        "    p = served['serving_default'](clip=tf.constant(pixels))['probabilities'].numpy()\n"
        "    assert p.shape == (size, 8) and abs(p.sum(1) - 1).max() < 1e-5\n"
        "    files = [[tf.io.encode_png(frame).numpy() for frame in clip] for clip in pixels]\n"
        "    same = served['from_encoded'](encoded=tf.constant(files))['probabilities'].numpy()\n"
        "    assert abs(p - same).max() < 1e-6\n"
        "settings = json.loads(pathlib.Path(sys.argv[1], 'assets', 'settings.json').read_text())\n"
        "print(settings['spec']['target']['names'])\n"
        "assert not any(name.startswith('lstm_zoo') for name in sys.modules)\n"
    )
    path = exported("tf_saved_model").path
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, cwd=path.parent)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip() == str(list(smoke_run.spec.class_names))


@pytest.mark.xdist_group("exports")
@pytest.mark.parametrize("format", ["onnx", "litert"])
def test_a_streaming_file_has_its_states_as_inputs_and_outputs(exported, format):
    about = exported(format, streaming=True).about
    names = {
        side: {one["name"] for one in about["signatures"]["serving_default"][side]} for side in ("inputs", "outputs")
    }
    assert {"frame", "lstm_1_h", "lstm_1_c"} <= names["inputs"]
    assert names["outputs"] == {"probabilities", *(f"next_{name}" for name in names["inputs"] - {"frame"})}
    assert about["tolerance"] == 1e-5 and about["max_difference"] <= 1e-5 and about["agreement"] == 1


@pytest.mark.xdist_group("exports")
@pytest.mark.usefixtures("warm")
def test_keras_loads_its_file_after_importing_the_package_alone(exported):
    code = "import sys, keras, lstm_zoo; print(keras.saving.load_model(sys.argv[1]).count_params())"
    done = subprocess.run([sys.executable, "-c", code, exported("keras").path], capture_output=True, text=True)
    assert done.returncode == 0 and int(done.stdout) > 1000, done.stderr[-2000:]


@pytest.mark.xdist_group("exports")
def test_a_streaming_file_is_evaluated_frame_by_frame(smoke_run, exported):
    assert evaluate(exported("onnx", streaming=True), "test") == evaluate(smoke_run, "test")
    with pytest.raises(InputError, match="does not take single frames; for these, export with --streaming"):
        exported("onnx").stream()


@pytest.mark.xdist_group("exports")
def test_dynamic_int8_is_smaller_and_judged_on_the_test_split(smoke_run, exported, tmp_path, monkeypatch):
    small, whole = exported("litert", quantize="dynamic_int8").about, exported("litert").about
    half = exported("litert", quantize="float16").about
    assert small["bytes"] < 0.4 * whole["bytes"] and half["bytes"] < 0.6 * whole["bytes"] and small["tolerance"] is None
    assert small["test"]["split"] == "test" and small["test"]["exported"] >= small["test"]["original"] - 0.01
    monkeypatch.setattr(proof, "DROP", -2.0)  # as if it had fallen
    with pytest.raises(ExportError, match=r"quantised, top1 on test falls from .* by more than"):
        export(smoke_run, "litert", tmp_path / "new", quantize="dynamic_int8")
    assert not (tmp_path / "new").exists()


def test_a_file_that_differs_is_removed_and_the_older_one_stays(smoke_run, tmp_path, monkeypatch):
    kept = export(smoke_run, "onnx", tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert {"config.yaml", "spec.json", "memory.npz"} < before.keys()
    _written(monkeypatch, lambda network, path, run, options: path.write_bytes(before[path.name]) and {})
    run = Runner.run

    def failing(change):
        def changed(self, inputs, signature="serving_default"):
            outputs, seconds = run(self, inputs, signature)
            return {"probabilities": change(outputs["probabilities"])}, seconds

        monkeypatch.setattr(Runner, "run", changed)

    for change, reason in (
        (
            lambda p: p + 1e-3,
            r"its probabilities differ from the run's by 1\.00e-03 \(allowed .*e-06; the run's answers",
        ),
        (lambda p: p + 2e-5, "the run's answers to different examples differ by"),  # more than a hundredth of these
        (lambda p: p[:, :1], r"its probabilities have the shape \(1, 1\), the run's \(1, 8\)"),
        (lambda p: p * np.nan, "differ from the run's by nan"),
    ):
        failing(change)
        with pytest.raises(ExportError, match=reason):
            export(smoke_run, "onnx", tmp_path)
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert kept.path.is_file()


def test_numbers_are_compared_too():
    numbers = np.array([1.0, 2.0, 3.0], np.float32)
    found = compared([({"number": numbers}, {"number": numbers + 1e-3})], "onnx", None)
    assert found["agreement"] == 1 and found["max_difference"] == pytest.approx(1e-3, rel=1e-3)
    off = numbers + np.array([0, 0, 0.5], np.float32)
    assert compared([({"number": numbers}, {"number": off})], "litert", None)["agreement"] == pytest.approx(2 / 3)
    with pytest.raises(ExportError, match=r"its number differ from the run's by 5\.00e-01"):
        compared([({"number": numbers}, {"number": off})], "onnx", 1e-4)
    with pytest.raises(ExportError, match=r"its labels are not those of the run"):
        compared([({"labels": np.arange(3)}, {"labels": np.zeros(3, int)})], "onnx", 1e-4)


@pytest.mark.parametrize("format", ["onnx", "litert"])
def test_inputs_of_any_number_and_type_go_by_their_names(smoke_run, format, tmp_path):
    image, question = (
        keras.Input((4, 4, 3), dtype="uint8", name="image"),
        keras.Input((5,), dtype="int32", name="words"),
    )
    series = keras.Input((6, 2), name="series")
    parts = [
        keras.layers.Flatten()(keras.ops.cast(image, "float32") / 255),
        LSTM(3)(keras.layers.Embedding(2, 4)(question)),
        GRU(3)(series),
    ]
    number = keras.layers.Dense(1)(keras.layers.Concatenate()(parts))
    network = keras.Model({"words": question, "image": image, "series": series}, {"number": number})
    spec = Spec(
        inputs={name: Tensor(shape=one.shape[1:], dtype=one.dtype) for name, one in network.input.items()},
        target=Number(),
    )
    random = np.random.default_rng(0)
    inputs = {name: proof._stand_ins(tensor, random) for name, tensor in spec.inputs.items()}
    expected = keras.ops.convert_to_numpy(network(inputs)["number"])
    path = tmp_path / f"network{FORMATS[format].suffix}"
    FORMATS[format].save(network, path, smoke_run, _options(streaming=True))  # no clips from encoded files
    with closing(Runner(path, format)) as runner:
        described = {one["name"]: one for one in runner.signatures["serving_default"]["inputs"]}
        assert {name: (tuple(one["shape"][1:]), one["dtype"]) for name, one in described.items()} == {
            name: (tensor.shape, tensor.dtype) for name, tensor in spec.inputs.items()
        }
        outputs, _ = runner.run(inputs)
    np.testing.assert_allclose(outputs["number"], expected, atol=1e-6)


def test_labels_belong_to_the_probabilities():
    probabilities = np.random.default_rng(0).dirichlet(np.ones(3), (2, 4, 4)).astype(np.float32)
    outputs = {"probabilities": probabilities, "labels": probabilities.argmax(-1).astype(np.int32)}
    assert compared([(outputs, outputs)], "onnx", 1e-4)["agreement"] == 1
    for tolerance in (1e-4, None):
        with pytest.raises(ExportError, match="its labels are not the most probable classes"):
            compared([(outputs, outputs | {"labels": 0 * outputs["labels"]})], "onnx", tolerance)
        with pytest.raises(ExportError, match="differ from the run's by nan"):
            compared([(outputs, outputs | {"probabilities": probabilities * np.nan})], "litert", tolerance)


def test_dynamic_int8_of_a_whole_cnn_lstm_is_about_a_third(smoke_run, tmp_path):
    config = CnnLstm(backbone={"weights": None, "options": {"alpha": 0.35}})
    spec = Spec(inputs={"clip": Tensor(shape=(2, 32, 32, 3))}, target=Classes(names=("a", "b", "c")))
    network = Classification().network(config.build(spec), spec)
    for quantize in ("none", "dynamic_int8"):
        FORMATS["litert"].save(network, tmp_path / quantize, smoke_run, _options(quantize=quantize))
    sizes = [(tmp_path / name).stat().st_size for name in ("dynamic_int8", "none")]
    assert sizes[0] <= 0.35 * sizes[1]


def test_a_file_that_does_not_run_is_removed(smoke_run, tmp_path, monkeypatch):
    _written(monkeypatch, lambda network, path, run, options: path.write_bytes(b"nothing") and {})
    with pytest.raises(ExportError, match="onnx: the file does not run in a fresh process"):
        export(smoke_run, "onnx", tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_another_export_is_not_overwritten(smoke_run, tmp_path):
    (tmp_path / "export.json").write_text('{"file": "other.onnx"}')
    with pytest.raises(InputError, match=r"holds another export \(other\.onnx\); choose another folder with --to"):
        export(smoke_run, "onnx", tmp_path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "config.yaml").write_text("mine")
    with pytest.raises(InputError, match=r"holds config\.yaml, which no export wrote; choose another folder"):
        export(smoke_run, "onnx", tmp_path / "mine")
    with pytest.raises(InputError, match=r"holds config\.yaml, spec\.json, .*memory\.npz, which no export wrote"):
        export(smoke_run, "onnx", smoke_run.folder)
    with pytest.raises(InputError, match=r"config\.yaml: is a file; expected a folder"):
        export(smoke_run, "onnx", tmp_path / "mine" / "config.yaml")


@pytest.mark.xdist_group("exports")
def test_a_file_and_a_run_are_told_apart(smoke_run, exported):
    network = exported("tf_saved_model")
    assert network.path.is_dir() and type(lstm_zoo.load(network.path).network) is ExportedNetwork
    assert type(lstm_zoo.load(network.folder).network) is ExportedNetwork
    assert type(lstm_zoo.load(smoke_run.folder).network) is RunNetwork


def test_what_is_no_export_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"no file .*missing\.onnx; make one with lstmzoo export"):
        ExportedNetwork.open(tmp_path / "missing.onnx")
    (tmp_path / "other.onnx").write_bytes(b"")
    with pytest.raises(InputError, match=r"has no export\.json beside it"):
        ExportedNetwork.open(tmp_path / "other.onnx")
    (tmp_path / "export.json").write_text('{"file": "mine.onnx", "format": "onnx", "streaming": false}')
    with pytest.raises(InputError, match=r"is about mine\.onnx, not about other\.onnx"):
        ExportedNetwork.open(tmp_path / "other.onnx")
    with pytest.raises(InputError, match=r"no file .*mine\.onnx, of which .*export\.json tells"):
        ExportedNetwork.open(tmp_path)
    for text in ("{", "[]", '{"file": "mine.onnx"}', '{"file": "mine.onnx", "format": "h5", "streaming": false}'):
        (tmp_path / "export.json").write_text(text)
        with pytest.raises(InputError, match=r"export\.json is damaged"):
            ExportedNetwork.open(tmp_path)


def test_options_that_do_not_go_together_are_refused_before_any_work(monkeypatch):
    with pytest.raises(InputError, match=r"--format h5: expected one of keras, tf_saved_model, onnx, litert"):
        formats.checked("h5", _options())
    with pytest.raises(
        InputError, match="--quantize float16: not for --format onnx; expected none, or --format litert"
    ):
        formats.checked("onnx", _options(quantize="float16"))
    with pytest.raises(InputError, match="--allow-flex: Flex operations are LiteRT's"):
        formats.checked("onnx", _options(allow_flex=True))
    with pytest.raises(InputError, match=r"--portable: is about \.keras files; no --format onnx needs lstm_zoo"):
        formats.checked("onnx", Options(portable=True))
    monkeypatch.setattr(formats, "find_spec", lambda module: None if "onnx" in module else True)
    with pytest.raises(
        InputError, match=r"format onnx needs tf2onnx, onnx, onnxruntime: .*pip install --upgrade 'lstm-zoo\[export\]'"
    ):
        formats.checked("onnx", _options())


def test_a_package_that_is_too_old_is_told_with_both_versions(monkeypatch):
    there = {"ai-edge-litert": "1.2.0", "onnxruntime": None}  # onnxruntime-gpu has these modules, say
    version = formats._version
    monkeypatch.setattr(formats, "_version", lambda name: there.get(name, version(name)))
    with pytest.raises(InputError, match=r"format litert needs ai-edge-litert>=\S+ \(here is 1\.2\.0\): install"):
        formats.checked("litert", _options())
    formats.checked("onnx", _options())
    monkeypatch.setattr(formats, "_version", lambda name: None)  # a checkout that is not installed
    formats.checked("litert", _options())


def test_without_the_data_random_numbers_are_compared(smoke_run, monkeypatch):
    def missing(self, like=None, splits=None):
        raise InputError("data.root", "gone")

    monkeypatch.setattr(type(smoke_run.config.data), "load", missing)
    inputs, origin = proof.examples_of(smoke_run)
    assert inputs["clip"].shape == (8, 4, 16, 16, 3) and inputs["clip"].max() > 200 and "random numbers" in origin


def test_stand_ins_are_of_the_type_of_their_input():
    random = np.random.default_rng(0)
    for dtype, least, most in (("uint8", 0, 255), ("int32", 0, 1), ("float32", -5, 5), ("bool", False, True)):
        values = proof._stand_ins(Tensor(shape=(None, 3), dtype=dtype), random)
        assert values.shape == (8, 16, 3) and values.dtype == dtype
        assert least <= values.min() < values.max() <= most


def test_a_run_on_a_gpu_is_exported_without_cudnn(smoke_run, monkeypatch):
    """Where a GPU is seen, Keras traces an LSTM as cuDNN's kernel, which no other machine can run."""
    gpus = tf.config.list_logical_devices("CPU")
    monkeypatch.setattr(tf.config, "list_logical_devices", lambda kind=None: gpus)
    monkeypatch.setattr(keras.distribution, "list_devices", lambda *_: ["gpu:0"])
    monkeypatch.setattr(keras.src.backend.tensorflow.rnn, "_do_lstm_arguments_support_cudnn", lambda **_: True, False)
    config, spec = smoke_run.config, smoke_run.spec
    assert "CudnnRNNV3" in _op_names(config.task.network(config.model.build(spec), spec))
    for streaming in (False, True):
        assert not any("Cudnn" in op for op in _op_names(exported_network(smoke_run, {}, streaming=streaming)))


class _Root(keras.layers.Layer):
    """Something that neither LiteRT nor ONNX has."""

    def call(self, x):
        return keras.ops.linalg.cholesky(
            keras.ops.matmul(x, keras.ops.swapaxes(x, 1, 2)) + 9 * np.eye(3, dtype="float32")
        )


@pytest.mark.usefixtures("warm")
def test_operations_that_a_runtime_lacks_are_named_with_their_layer(smoke_run, tmp_path):
    inputs = keras.Input((3, 3), name="x")
    network = keras.Model({"x": inputs}, {"y": keras.layers.Dense(1)(_Root(name="root")(inputs))})
    with pytest.raises(ExportError, match=r"not built into LiteRT: Cholesky \(in root\)\. --allow-flex"):
        FORMATS["litert"].save(network, tmp_path / "plain.tflite", smoke_run, _options())
    with pytest.raises(ExportError, match=r"no counterpart in ONNX for Cholesky \(in root\)"):
        FORMATS["onnx"].save(network, tmp_path / "network.onnx", smoke_run, _options())
    FORMATS["litert"].save(network, tmp_path / "flex.tflite", smoke_run, _options(allow_flex=True))
    x = np.random.default_rng(0).normal(size=(2, 3, 3)).astype(np.float32)
    with closing(Runner(tmp_path / "flex.tflite", "litert")) as runner:
        assert runner.ops["FlexCholesky"] == 1 and runner.runtime.startswith("tensorflow")
        try:
            np.testing.assert_allclose(runner.run({"x": x})[0]["y"], network({"x": x})["y"], atol=1e-6)
        except ExportError as error:  # as TensorFlow itself comes without Flex
            assert "it holds Flex operations" in str(error) and "install tensorflow<2.20" in str(error)


def test_files_are_read_without_running_what_is_in_them():
    sources = list(Path(exporting.__file__).parent.glob("*.py"))
    assert len(sources) > 5
    for source in sources:
        text = source.read_text()
        assert "pickle." not in text and "Lambda(" not in text and "enable_unsafe_deserialization" not in text


def test_a_full_disk_under_an_export_is_told_with_its_folder_and_leaves_nothing(tmp_path):
    told = r"new cannot be written: No space .* another place \(--to\)"
    with pytest.raises(DiskError, match=told), _draft_folder(tmp_path / "new") as draft:
        (draft / "part").touch()
        raise OSError(errno.ENOSPC, "No space left on device")
    assert not list(tmp_path.iterdir())
