import re
from pathlib import Path

import pytest

from lstm_zoo.config.catalogue import shipped_configs
from lstm_zoo.config.recipe import load
from lstm_zoo.data import DATA
from lstm_zoo.models import MODELS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


@pytest.mark.parametrize("section", [*MODELS, *DATA], ids=lambda section: section.__name__)
def test_every_model_and_data_set_is_named(section):
    assert f"| `{section.model_fields['kind'].default}` |" in README


def test_commands_name_recipes_and_settings_that_exist():
    commands = re.findall(r"lstmzoo \S+ +--config (\S+)(.*)", README)
    assert len(commands) > 4
    for name, rest in commands:
        if name.strip("`") != "X.yaml":
            assert name in shipped_configs()
            load(name, [setting.strip("'`:") for setting in re.findall(r"--set (\S+)", rest)])


def test_scripts_exist():
    for script in re.findall(r"bash (scripts/\w+)", README):
        assert (ROOT / script).is_file()


def test_python_example_runs_as_written(monkeypatch, smoke_run):
    import lstm_zoo

    code = next(code for code in re.findall(r"```python\n(.*?)```", README, re.DOTALL) if "import lstm_zoo" in code)
    monkeypatch.setattr(lstm_zoo, "train", lambda config: smoke_run.run, raising=False)
    monkeypatch.setattr(lstm_zoo.Trained, "predict", lambda network, files: [])
    exec(code, {})
