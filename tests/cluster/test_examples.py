"""The files of configs/cluster."""

import json
import re
import subprocess
from pathlib import Path

import pytest
import typer
import yaml

from lstm_zoo.cli import app
from lstm_zoo.config.catalogue import shipped_configs

FOLDER = Path(__file__).parents[2] / "configs" / "cluster"
FILES = sorted(FOLDER.iterdir())


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_their_commands_are_those_of_the_command_line(file):
    commands = typer.main.get_command(app).commands
    known = {option for parameter in commands["train"].params for option in parameter.opts}
    text = re.sub(r"\n# |\\\n|\n    ", " ", file.read_text())
    (command,) = [one for one in re.findall(r"lstmzoo (train|\"\$@\")(.*?)(?:`|\n|$)", text) if "--workers" in one[1]]
    assert {word for word in command[1].split() if word.startswith("--")} <= known
    for name in re.findall(r"--config (\S+)", text):
        assert name in shipped_configs()


def test_a_cluster_of_cloud_machines_is_one_by_the_schema_of_ray():
    ray = pytest.importorskip("ray")
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads((Path(ray.__file__).parent / "autoscaler" / "ray-schema.json").read_text())
    jsonschema.validate(yaml.safe_load((FOLDER / "ray_up.yaml").read_text()), schema)


def test_the_batch_file_is_sound_and_they_are_no_recipes():
    subprocess.run(["bash", "-n", FOLDER / "slurm.sh"], check=True)
    assert not any(name.startswith("cluster/") for name in shipped_configs())
