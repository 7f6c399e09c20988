"""Kinds of the user's own: from files, and from installed packages."""

import pickle
from importlib import metadata

import pytest

from lstm_zoo.config import kinds as module
from lstm_zoo.config.catalogue import catalogue
from lstm_zoo.config.kinds import forget_plugins, kind_of, kinds, plugin_files, plugins_of, use_plugin
from lstm_zoo.config.recipe import Config, ConfigError, load
from lstm_zoo.contracts import InputError, ModelConfig
from lstm_zoo.models import MODELS

PLUGIN = '''
from __future__ import annotations
from typing import ClassVar, Literal
from lstm_zoo.contracts import ModelConfig


class Base(ModelConfig):
    """No kind of its own."""

    takes: ClassVar[frozenset[str]] = frozenset({"clip"})
    answers: ClassVar[str] = "classes"

    def build(self, spec, *, pretrained=True): ...


class MyNet(Base):
    """What list says."""

    kind: Literal["my_net"] = "my_net"
    units: int = 64
'''
RECIPE = """
data: { kind: moving_shapes, clip: { size: 48 } }
model: { kind: my_net }
task: { kind: classification }
"""


@pytest.fixture(autouse=True)
def _no_plugins_afterwards():
    yield
    forget_plugins()


@pytest.fixture
def plugin(tmp_path):
    """Return a function that writes the plugin with some text exchanged."""

    def write(old="", new="", name="my_zoo.py"):
        assert old in PLUGIN
        (tmp_path / name).write_text(PLUGIN.replace(old, new) if old else PLUGIN)
        return tmp_path / name

    return write


@pytest.fixture
def recipe(tmp_path):
    (tmp_path / "mine.yaml").write_text(RECIPE)
    return tmp_path / "mine.yaml"


def test_kinds_of_a_file_join_the_unions(plugin, recipe):
    with pytest.raises(ConfigError, match="got 'my_net'"):
        load(recipe)
    use_plugin(plugin())
    use_plugin(plugin())  # once more changes nothing
    config = load(recipe, ["model.units=3"]).check()
    assert isinstance(config, Config) and config.model.units == 3
    assert "units: 3" in config.to_yaml()
    assert catalogue("models")[-1] == {"name": "my_net", "about": "What list says.", "from": "my_zoo.py"}
    assert len(kinds().models) == len(MODELS) + 1
    with pytest.raises(ConfigError) as caught:
        load(recipe, ["model.unit=3", "model.kind=my_nett"])
    assert "(did you mean 'my_net'?); valid kinds: cnn_lstm" in str(caught.value)
    with pytest.raises(ConfigError, match=r"unknown key \(did you mean 'units'\?\); valid here: kind, units"):
        load(recipe, ["model.unit=3"])
    forget_plugins()
    assert len(kinds().models) == len(MODELS)


def test_yaml_never_names_code(plugin, recipe):
    for kind in (plugin(), "my_zoo.MyNet", "lstm_zoo.models.cnn_lstm.CnnLstm"):
        with pytest.raises(ConfigError, match="valid kinds"):
            load(recipe, [f"model.kind={kind}"])


WRONG = {
    "a name of ours": ("my_net", "cnn_lstm", "the kind 'cnn_lstm' is taken by lstm_zoo; call it otherwise"),
    "no kind": ('    kind: Literal["my_net"] = "my_net"\n', "", "holds no kind; expected a class on DataConfig"),
    "a kind that is not fixed": ('Literal["my_net"]', "str", "MyNet has no fixed kind; expected kind: Literal"),
    "parts are missing": ("def build", "def make", "MyNet lacks build, which every ModelConfig has"),
    "declarations are missing": ("answers: ", "answer: ", "MyNet lacks answers, which every ModelConfig has"),
    "no Python": ("class MyNet(Base):", "class MyNet(Base:", "my_zoo.py:16: SyntaxError: "),
    "a failure": ("takes: ", "x = 1 / 0; takes: ", "my_zoo.py:10: ZeroDivisionError: division by zero"),
    "a missing package": ("from typing", "import no_such_package\nfrom typing", "my_zoo.py:3: ModuleNotFoundError"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_file_is_told_in_a_line(plugin, case):
    old, new, text = WRONG[case]
    before = kinds()
    with pytest.raises(InputError) as caught:
        use_plugin(plugin(old, new))
    assert text in str(caught.value) and "\n" not in str(caught.value)
    assert kinds() == before


def test_a_missing_file_and_two_plugins_with_one_name(plugin, tmp_path):
    with pytest.raises(InputError, match="no such file; expected a Python file"):
        use_plugin(tmp_path / "nothing.py")
    use_plugin(plugin())
    with pytest.raises(InputError, match=r"other.py: MyNet: the kind 'my_net' is taken by my_zoo.py"):
        use_plugin(plugin("64", "32", name="other.py"))


def test_a_run_s_recipe_names_the_plugin_that_is_wanted(plugin, recipe, capsys):
    use_plugin(plugin())
    made_with = plugins_of(load(recipe))
    assert [one["name"] for one in made_with] == ["my_zoo.py"]
    assert plugins_of(load(recipe, ["model.kind=frame_average"])) == []
    load(recipe, made_with=made_with)
    assert capsys.readouterr().err == ""
    forget_plugins()
    with pytest.raises(ConfigError, match=rf"made with my_zoo.py \({made_with[0]['version']}\).* --plugin"):
        load(recipe, made_with=made_with)
    use_plugin(plugin("64", "32"))
    with pytest.raises(ConfigError, match=r"got 'moving' .*valid kinds"):  # what is wrong is not the plugin
        load(recipe, ["data.kind=moving"], made_with=made_with)
    load(recipe, made_with=made_with)
    assert "made with another version of my_zoo.py" in capsys.readouterr().err
    forget_plugins()
    use_plugin(plugin(name="other.py"))
    load(recipe, made_with=made_with)
    assert "made with my_zoo.py, which is not given now" in capsys.readouterr().err


def test_another_process_adds_the_files_and_has_the_recipe(plugin, recipe):
    use_plugin(plugin())
    pickled, files = pickle.dumps(load(recipe)), plugin_files()
    assert files == [plugin()]
    forget_plugins()
    for file in files:
        use_plugin(file)
    assert pickle.loads(pickled) == load(recipe)


class _Entry(metadata.EntryPoint):
    """An entry point of a package that is not really installed."""

    dist = type("Distribution", (), {"name": "their-zoo", "version": "1.2"})


def test_kinds_of_installed_packages_join_as_well(plugin, recipe, monkeypatch):
    def install(value):
        entry = _Entry("my_net", value, "lstm_zoo.models")
        monkeypatch.setattr(metadata, "entry_points", lambda group: [entry] if group == entry.group else [])
        module._installed.cache_clear()

    monkeypatch.syspath_prepend(plugin(name="their_zoo.py").parent)
    try:
        install("their_zoo:MyNet")
        config = load(recipe).check()
        assert kind_of(type(config.model)) == "my_net" and isinstance(config.model, ModelConfig)
        assert plugins_of(config) == [{"name": "their-zoo", "version": "1.2"}]
        assert catalogue("models")[-1]["from"] == "their-zoo"
        with pytest.raises(InputError, match="the kind 'my_net' is taken by their-zoo"):
            use_plugin(plugin())
        install("their_zoo:Literal")
        with pytest.raises(InputError, match=r"their-zoo: its lstm_zoo.models 'my_net' is no ModelConfig"):
            kinds()
        install("their_zoo:Nothing")
        with pytest.raises(InputError, match=r"their-zoo: its lstm_zoo.models 'my_net' fails: .*Nothing"):
            kinds()
        install("lstm_zoo.models.cnn_lstm:CnnLstm")
        with pytest.raises(InputError, match="the kind 'cnn_lstm' is taken by lstm_zoo"):
            kinds()
    finally:
        monkeypatch.undo()
        module._installed.cache_clear()
