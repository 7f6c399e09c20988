"""What a file tells of itself: inputs, outputs, names, the recipe; the same in every format."""

import json
import zipfile
from types import SimpleNamespace

import pytest

from lstm_zoo.contracts import LabelMap, Spec, Tensor, Text
from lstm_zoo.data.labels.labelled_volumes import LabelledVolumes
from lstm_zoo.data.lines.line_data import LineData
from lstm_zoo.exporting.description import described
from lstm_zoo.exporting.settings import settings_of
from lstm_zoo.tasks.segmentation import Segmentation
from lstm_zoo.tasks.transcription import Transcription


def _onnx(path):
    import onnx

    return onnx.load(str(path))


def _told(network, format):
    """Return what is told inside a file."""
    if format == "onnx":
        return {one.key.removeprefix("lstm_zoo."): json.loads(one.value) for one in _onnx(network.path).metadata_props}
    if format == "litert":
        with zipfile.ZipFile(network.path) as inside:
            return json.loads(inside.read("settings.json"))
    return json.loads((network.path / "assets" / "settings.json").read_text())


@pytest.mark.xdist_group("exports")
@pytest.mark.parametrize("format", ["onnx", "litert", "tf_saved_model"])
def test_inputs_and_outputs_are_described_alike_in_every_format(smoke_run, exported, format):
    told = _told(exported(format), format)
    (clip,), (probabilities,) = told["inputs"], told["outputs"]
    assert clip.pop("shape") == [None, 4 if format == "litert" else None, 16, 16, 3]
    assert clip == {
        "name": "clip",
        "dtype": "uint8",
        "axes": ["batch", "frames", "height", "width", "channels"],
        "range": [0, 255],
        "channels": ["red", "green", "blue"],
        "text": "Frames of one film in their order, chosen as `config.data.clip` tells; of each the central square, "
        "scaled. Bytes from 0 to 255, which the file scales; channels: red, green, blue.",
    }
    assert probabilities["axes"] == ["batch", "classes"] and "add up to 1" in probabilities["text"]
    names = told
    for key in probabilities["labels"].split("."):
        names = names[key]
    assert names == list(smoke_run.spec.class_names)
    if format == "onnx":
        graph = _onnx(exported(format).path).graph
        assert [one.doc_string for one in [*graph.input, *graph.output]] == [clip["text"], probabilities["text"]]


@pytest.mark.xdist_group("exports")
def test_a_litert_file_holds_the_names_of_its_classes(smoke_run, exported):
    with zipfile.ZipFile(exported("litert").path) as inside:
        assert inside.read("labels.txt").decode().splitlines() == list(smoke_run.spec.class_names)


@pytest.mark.xdist_group("exports")
def test_states_are_described_too(exported):
    told = _told(exported("onnx", streaming=True), "onnx")
    inputs, outputs = ({one["name"]: one for one in told[side]} for side in ("inputs", "outputs"))
    assert inputs["frame"]["axes"] == ["batch", "height", "width", "channels"]
    assert "then what `next_lstm_1_h` said" in inputs["lstm_1_h"]["text"]
    assert "for the input `lstm_1_h`" in outputs["next_lstm_1_h"]["text"]


def test_a_file_tells_the_recipe_that_it_is_given(smoke_run):
    assert settings_of(smoke_run, None, {}, {})["config"] == smoke_run.config.model_dump(mode="json")
    assert settings_of(smoke_run, {"data": {}}, {}, {})["config"] == {"data": {}}


def _of(data, task, spec, **shapes):
    """Return what would be told of the inputs of a run on other data."""
    run = SimpleNamespace(spec=spec, config=SimpleNamespace(data=data, task=task))
    inputs = {name: SimpleNamespace(shape=(None, *shapes[name]), dtype=one.dtype) for name, one in spec.inputs.items()}
    return {one["name"]: one for one in described(run, inputs, {})["inputs"]}


def test_channels_of_volumes_are_no_colours_and_padding_is_told():
    tensor = Tensor(shape=(4, 8, 8, 4), masked=True)
    spec = Spec(inputs={"volume": tensor}, target=LabelMap(names=("a", "b")))
    volume = _of(LabelledVolumes, Segmentation(), spec, volume=tensor.shape)["volume"]
    assert volume["axes"] == ["batch", "planes", "height", "width", "channels"]
    assert volume["channels"] == ["channel 0", "channel 1", "channel 2", "inside"]
    assert "The last is 255 inside the picture" in volume["text"]


def test_lines_tell_where_their_width_stands():
    inputs = {"line": Tensor(shape=(48, None, 1), measured_by="width"), "width": Tensor(shape=(), dtype="int32")}
    spec = Spec(inputs=inputs, target=Text(alphabet=("a", "b"), pixels_per_step=4))
    told = _of(LineData, Transcription(), spec, line=(48, None, 1), width=())
    assert told["line"]["channels"] == ["grey"] and "`width` tells where that is" in told["line"]["text"]
    assert told["width"]["axes"] == ["batch"] and told["width"]["text"] == "The width of each `line`, in pixels."
