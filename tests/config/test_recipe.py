import pickle
import subprocess
import sys

import pytest
import yaml
from pydantic import ValidationError
from typer.testing import CliRunner

from lstm_zoo.cli import app
from lstm_zoo.config.catalogue import shipped_configs
from lstm_zoo.config.kinds import kinds
from lstm_zoo.config.recipe import Config, ConfigError, config_class, load
from lstm_zoo.contracts import Classes, InputError, Spec, Tensor

RECIPE = """\
data:
  kind: video_folder
  root: {root}
model:
  kind: cnn_lstm
  backbone:
    name: small_cnn
    weights: null
task:
  kind: classification
train:
  epochs: 3
"""


@pytest.fixture
def recipe(tmp_path, video_root):
    """Return a function that writes the recipe with some text exchanged, and loads and checks it."""

    def write(old="", new="", overrides=()):
        file = tmp_path / "recipe.yaml"
        text = RECIPE.format(root=video_root)
        assert old in text
        file.write_text(text.replace(old, new, 1) if old else text)
        return load(file, overrides).check()

    return write


def test_a_right_recipe_passes(recipe):
    assert recipe().train.epochs == 3


@pytest.mark.parametrize("name", shipped_configs())
def test_shipped_recipes_load_and_survive_a_round_trip(name):
    config = load(name)
    again = config_class(kinds()).model_validate(yaml.safe_load(config.to_yaml()))
    assert isinstance(config, Config) and again.model_dump() == config.model_dump()
    assert shipped_configs()[name].read_text().startswith("# ")


# old text, new text, expected line of the message, parts of the message
WRONG = {
    "unknown key": ("  epochs: 3", "  epoch: 3", 12, ["train.epoch", "unknown key", "did you mean 'epochs'?"]),
    "unknown section": ("train:", "trian:", 11, ["trian", "did you mean 'train'?"]),
    "wrong type": ("epochs: 3", "epochs: many", 12, ["train.epochs", "'many'", "valid integer"]),
    "negative number": ("epochs: 3", "epochs: -3", 12, ["train.epochs", "-3", "greater than 0"]),
    "misspelt kind": ("kind: cnn_lstm", "kind: cnn_lst", 5, ["model.kind: got 'cnn_lst'", "did you mean 'cnn_lstm'?"]),
    "missing kind": ("  kind: cnn_lstm\n", "", 4, ["model", "expected a section with `kind:`"]),
    "misspelt choice": ("weights: null", "weights: null\n  cell: lsmt", 9, ["did you mean 'lstm'?"]),
    "misspelt backbone": ("name: small_cnn", "name: MobileNet2", 7, ["no backbone 'MobileNet2'", "did you mean"]),
    "task unknown": ("kind: classification", "kind: clasification", 10, ["did you mean 'classification'?"]),
    "duplicate key": ("  epochs: 3", "  epochs: 3\n  epochs: 4", 13, ["'epochs' stands twice", "first on line 12"]),
    "no yaml": ("  epochs: 3", "  epochs: [3", 12, ["not valid YAML"]),
    "section is a word": (
        "train:\n  epochs: 3",
        "train: fast",
        11,
        ["expected a section with keys below it", "'fast'"],
    ),
    "missing folder": (
        "root: ",
        "root: /nowhere",
        3,
        ["data.root", "no folder /nowhere", "nearest folder that exists"],
    ),
    "negative size": ("  kind: video_folder", "  kind: video_folder\n  clip: {size: -5}", 3, ["data.clip.size", "-5"]),
    "clip larger than frames": (
        "  kind: video_folder",
        "  kind: video_folder\n  clip: {size: 224}",
        3,
        ["224 px is more than the prepared frames have", "raise data.short_side to 224"],
    ),
    "fractions leave nothing": (
        "model:",
        "  val_fraction: 0.6\n  test_fraction: 0.5\nmodel:",
        1,
        ["leave nothing to train on"],
    ),
    "missing weights file": ("weights: null", "weights: w.h5", 8, ["model.backbone.weights", "no file", "imagenet"]),
    "weights for small_cnn": ("weights: null", "weights: imagenet", 7, ["small_cnn is trained from scratch"]),
    "options of ours": (
        "name: small_cnn",
        "name: VGG16\n    options: {include_top: true}",
        8,
        ["include_top: set by lstm_zoo"],
    ),
    "not a number": ("  epochs: 3", "  epochs: 3\n  optimizer: {learning_rate: .inf}", 13, ["finite number"]),
    "warm-up too long": ("  epochs: 3", "  epochs: 3\n  schedule: {warmup_epochs: 5}", 13, ["5 of 3 epochs"]),
    "bad pattern": ("model:", "  group_pattern: '_g(\\d+'\nmodel:", 4, ["no regular expression"]),
    "missing table": ("model:", "  table: clips.csv\nmodel:", 4, ["data.table", "no file clips.csv"]),
    "crop in the wrong order": (
        "model:",
        "  clip: {augment: {crop_scale: [1, 0.5]}}\nmodel:",
        4,
        ["crop_scale expects [least, greatest]"],
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_recipe_names_line_and_mend(tmp_path, video_root, monkeypatch, case):
    monkeypatch.setattr("lstm_zoo.console.quiet.silence", lambda: None)
    old, new, line, parts = WRONG[case]
    text = RECIPE.format(root=video_root)
    assert old in text
    file = tmp_path / "recipe.yaml"
    file.write_text(text.replace(old, new, 1))
    result = CliRunner().invoke(app, ["check", "--config", str(file)])
    assert result.exit_code == 2 and "Traceback" not in result.output
    assert f"{file}:{line}:" in result.output
    for part in parts:
        assert part in result.output


def test_all_mistakes_come_at_once(recipe):
    with pytest.raises(ConfigError) as caught:
        recipe("  epochs: 3", "  epochs: -1\n  batch: 4\n  seed: x", ["data.root=/nowhere"])
    assert len(caught.value.messages) == 4
    assert "--set data.root: data.root: no folder /nowhere" in caught.value.messages[3]


def test_folders_that_are_no_data_set(recipe, tmp_path, video_root):
    def message(root):
        with pytest.raises(ConfigError) as caught:
            recipe(f"root: {video_root}", f"root: {root}")
        return str(caught.value)

    (tmp_path / "empty").mkdir()
    assert "no videos in" in message(tmp_path / "empty")
    (tmp_path / "one" / "only").mkdir(parents=True)
    (tmp_path / "one" / "only" / "a.mp4").touch()
    assert "one class only (only)" in message(tmp_path / "one")
    (tmp_path / "one" / "bare").mkdir()
    assert "hold no videos: bare" in message(tmp_path / "one")
    assert "is a file; expected a folder" in message(tmp_path / "recipe.yaml")
    assert "(did you mean 'empty'?)" in message(tmp_path / "emptty")


def test_overrides_are_merged_before_validation(recipe):
    config = recipe(overrides=["train.optimizer.learning_rate=1e-2", "model.units=[3, 4]", "data.clip.size=32"])
    assert config.train.optimizer.learning_rate == 0.01
    assert config.model.units == (3, 4)
    with pytest.raises(ConfigError, match=r"--set train\.epochs: train\.epochs: got 'x'"):
        recipe(overrides=["train.epochs=x"])
    with pytest.raises(ConfigError, match=r"tests is a list and is set whole"):
        load("smoke/cnn_lstm.yaml", ["data.tests=[1]", "data.tests.0=2"])
    with pytest.raises(ConfigError, match=r"expected section\.key=value"):
        recipe(overrides=["train.epochs"])


def test_unknown_file_names_the_nearest_recipe():
    with pytest.raises(ConfigError, match=r"did you mean 'ucf101_cnn_lstm.yaml'\?"):
        load("ucf101_cnnlstm.yaml")


def test_sections_are_frozen(recipe):
    with pytest.raises(ValidationError, match="frozen"):
        recipe().train.epochs = 4
    assert Spec(inputs={"clip": Tensor(shape=(2, 3))}, target=Classes(names=("a", "b"))).num_classes == 2


def test_nothing_heavy_is_imported_to_check_a_recipe():
    code = (
        "import sys; from lstm_zoo.config.recipe import load; import lstm_zoo.cli, lstm_zoo.reporting.tables;"
        "load('moving_shapes_cnn_lstm.yaml').check(); load('ucf101_cnn_lstm.yaml');"
        "print([name for name in sys.modules if name in ('tensorflow', 'keras', 'tensorflow_datasets', 'matplotlib')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_all_recipes_can_be_handed_to_another_process():
    kinds_seen = set()
    for file in shipped_configs().values():
        config = load(file)
        again = pickle.loads(pickle.dumps(config))
        assert again == config and again.name == config.name
        assert again.describe(InputError("train", "x")) == config.describe(InputError("train", "x"))
        kinds_seen.add(type(config.data))
    assert len(kinds_seen) > 10
