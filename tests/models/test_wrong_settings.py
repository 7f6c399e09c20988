"""Settings of networks, and of the data they stand on, that cannot work are told before anything is trained."""

import pytest

from lstm_zoo.config.recipe import ConfigError, load
from lstm_zoo.contracts import InputError


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("data.captions.max_words=1", "greater than or equal to 2"),
        ("model.scheduled_sampling_steps=3", "has no effect without scheduled_sampling"),
        ("model.backbone.pooling=max", "attention needs every region"),
    ],
)
def test_of_captioners(setting, message):
    with pytest.raises(ConfigError, match=message):
        load("smoke/show_attend_tell.yaml", [setting]).check()


def test_a_vocabulary_without_words():
    config = load("smoke/show_attend_tell.yaml", ["data.captions.min_count=1000000"])
    with pytest.raises(InputError, match="no word stands in the training captions so often"):
        config.data.expected_spec()


def test_of_labellers():
    config = load("smoke/md_lstm_labeller.yaml", ["model.window=5"])
    with pytest.raises(InputError, match=r"5 pixels do not divide images of 32 x 32; .*data.image.size=\[35,35\]"):
        config.model.build(config.data.expected_spec())
    with pytest.raises(ConfigError, match="expected one tanh layer after each"):
        load("smoke/md_lstm_labeller.yaml", ["model.units=[4,4]"])


def test_of_frame_predictors():
    config = load("smoke/frame_predictor.yaml", ["data.num_frames=2"])
    with pytest.raises(InputError, match="is 2, but frame_predictor sees how frames differ; set 3 or more"):
        config.model.build(config.data.expected_spec())
