import shutil

import pytest
from conftest import running_eagerly

from lstm_zoo.config.recipe import load
from lstm_zoo.training.fit import train


@pytest.fixture(scope="session")
def unvalidated_run(video_root, data_dir, tmp_path_factory):
    """A run of two epochs without validation, on a copy of the videos."""
    folder = tmp_path_factory.mktemp("unvalidated")
    root = shutil.copytree(video_root, folder / "videos")
    overrides = [f"data.root={root}", "data.val_fraction=0", "train.epochs=2", f"data.data_dir={data_dir}"]
    with running_eagerly():
        return train(load("smoke/video_folder.yaml", overrides), folder / "run")
