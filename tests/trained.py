"""Small runs for tests of training, and what two of them have in common."""

import numpy as np

from lstm_zoo.config.recipe import load
from lstm_zoo.runs.network import RunNetwork
from lstm_zoo.training.checkpoints import Checkpoints


def weights(run):
    return RunNetwork(run).model.get_weights()


def assert_same(run, other):
    """Whatever an interrupted run leaves is what the other leaves, to the last bit."""
    assert (run.path / "history.csv").read_text() == (other.path / "history.csv").read_text()
    for one, same in zip(weights(run), weights(other), strict=True):
        np.testing.assert_array_equal(one, same)
    last, of_other = (Checkpoints(one.path).newest() for one in (run, other))
    assert last.position == of_other.position
    assert last.facts == of_other.facts
    for name, values in last.arrays.items():
        np.testing.assert_array_equal(values, of_other.arrays[name], err_msg=name)


def loss(run):
    """Return the loss of the best weights on all validation examples."""
    splits = run.config.data.load()
    inputs, targets = next(splits.eval_stream("val", 8).as_numpy_iterator())
    objective = run.config.task.objective(run.spec, list)
    return float(np.mean(objective.loss(targets, RunNetwork(run).model.predict(inputs, verbose=0))))


def recipe(data_dir, *overrides, name="cnn_lstm"):
    return load(f"smoke/{name}.yaml", [f"data.data_dir={data_dir}", *overrides])


def quick_recipe(data_dir, *overrides):
    """Return the recipe whose steps take the least."""
    return recipe(data_dir, *overrides, name="flatten_lstm")
