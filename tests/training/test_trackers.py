"""Trackers are told of a training through their own callbacks; here by packages that stand in for them."""

import sys
from types import ModuleType, SimpleNamespace
from unittest.mock import MagicMock

import keras
import pytest

from lstm_zoo.config.recipe import load
from lstm_zoo.contracts import InputError
from lstm_zoo.training.trackers import tracked


@pytest.fixture
def wandb(monkeypatch):
    package, integration, of_keras = (ModuleType(name) for name in ("wandb", "integration", "keras"))
    package.setup = lambda: SimpleNamespace(settings=SimpleNamespace(project=None))
    package.init = MagicMock()
    of_keras.WandbMetricsLogger = keras.callbacks.Callback
    names = ("wandb", "wandb.integration", "wandb.integration.keras")
    for name, module in zip(names, (package, integration, of_keras), strict=True):
        monkeypatch.setitem(sys.modules, name, module)
    return package


@pytest.fixture
def mlflow(monkeypatch):
    package, of_keras = ModuleType("mlflow"), ModuleType("mlflow.keras")
    package.search_runs, package.start_run, package.log_params = MagicMock(return_value=[]), MagicMock(), MagicMock()
    of_keras.MlflowCallback = keras.callbacks.Callback
    monkeypatch.setitem(sys.modules, "mlflow", package)
    monkeypatch.setitem(sys.modules, "mlflow.keras", of_keras)
    return package


def run_with(tmp_path, *trackers):
    config = load("smoke/flatten_lstm.yaml", [f"train.trackers=[{', '.join(trackers)}]"])
    environment = {"created": "2026-01-02T03:04:05+00:00", "data": "moving_shapes/1"}
    return SimpleNamespace(path=tmp_path / "run", config=config, environment=environment)


def test_both_are_told_the_recipe_and_of_the_end(tmp_path, wandb, mlflow):
    with tracked(run_with(tmp_path, "wandb", "mlflow")) as callbacks:
        assert [type(one) for one in callbacks] == 2 * [keras.callbacks.Callback]
        begun = wandb.init.return_value
        begun.finish.assert_not_called()
    begun.finish.assert_called_once_with(0)
    told = wandb.init.call_args.kwargs
    assert told["project"] == "lstm_zoo" and told["name"] == "run" and told["config"]["model.kind"] == "flatten_lstm"
    assert mlflow.log_params.call_args.args[0] == told["config"]
    mlflow.start_run.return_value.__exit__.assert_called_once()


def test_a_run_that_goes_on_does_so_there(tmp_path, wandb, mlflow):
    for _ in range(2):
        with tracked(run_with(tmp_path, "wandb", "mlflow")):
            pass
        mlflow.search_runs.return_value = [SimpleNamespace(info=SimpleNamespace(run_id="known"))]
    first, second = (call.kwargs["id"] for call in wandb.init.call_args_list)
    assert first == second and mlflow.start_run.call_args.kwargs == {"run_id": "known"}
    mlflow.log_params.assert_called_once()


def test_what_ends_a_training_ends_it_there_and_comes_through(tmp_path, wandb):
    with pytest.raises(KeyboardInterrupt), tracked(run_with(tmp_path, "wandb")):
        raise KeyboardInterrupt
    wandb.init.return_value.finish.assert_called_once_with(1)


def test_one_that_does_not_start_is_told_in_a_line(tmp_path, wandb):
    wandb.init.side_effect = RuntimeError("No API key configured.\nmore")
    with (
        pytest.raises(
            InputError, match=r"^train.trackers: wandb does not start \(No API key configured\..*leave wandb"
        ),
        tracked(run_with(tmp_path, "wandb")),
    ):
        pass


def test_a_missing_package_is_told_by_check(monkeypatch):
    monkeypatch.setattr("lstm_zoo.config.train_config.find_spec", lambda name: None)
    problems = [str(one) for one in load("smoke/flatten_lstm.yaml", ["train.trackers=[mlflow]"]).problems()]
    assert problems == ["train.trackers: mlflow is not installed; pip install 'lstm-zoo[mlflow]', or leave it out"]
