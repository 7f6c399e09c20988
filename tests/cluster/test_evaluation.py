"""Evaluation by workers, against that of one process."""

import json
import pickle
import shutil
from contextlib import nullcontext
from types import SimpleNamespace

import numpy as np
import pytest
from keras import tree
from lstmzoo import lstmzoo

from lstm_zoo.cluster import evaluation
from lstm_zoo.cluster.evaluation import by_workers, parts_of
from lstm_zoo.cluster.room import Wanted
from lstm_zoo.config.recipe import load
from lstm_zoo.runs.directory import Run
from lstm_zoo.runs.kept import WEIGHTS
from lstm_zoo.runs.network import Network, RunNetwork
from lstm_zoo.runs.weights import keep_weights


@pytest.fixture
def in_this_process(monkeypatch):
    """Have what is dealt done here, by what other processes would be given; return what was asked for, and dealt."""
    asked, cloudpickle = [], pytest.importorskip("ray.cloudpickle")

    def done_here(workers, begin, tasks):
        do = pickle.loads(cloudpickle.dumps(begin))()
        for task in tasks:
            asked.append(task)
            yield task, pickle.loads(pickle.dumps(do(task)))

    def workers(wanted, environment):
        asked.append((wanted, environment["KERAS_BACKEND"]))
        return nullcontext(SimpleNamespace(actors=[None] * wanted.workers))

    monkeypatch.setattr(evaluation, "connected", lambda wanted: nullcontext())
    monkeypatch.setattr(evaluation, "Workers", workers)
    monkeypatch.setattr(evaluation, "dealt", done_here)
    return asked


def test_parts_hold_all_batches_once_and_give_each_worker_several():
    for num_batches, num_workers in ((1, 2), (7, 2), (100, 2), (1000, 3)):
        parts = list(parts_of(num_batches, num_workers))
        assert [number for part in parts for number in part] == list(range(num_batches))
        assert len(parts) >= min(num_batches, 4 * num_workers) and max(map(len, parts)) <= 8


def test_the_command_makes_of_dealt_answers_what_it_makes_of_its_own(smoke_run, in_this_process, tmp_path, eager):
    here, elsewhere = (shutil.copytree(smoke_run.folder, tmp_path / name / "run") for name in ("here", "elsewhere"))
    words = ["eval", "--json", "--split", "train", "--run"]
    scores = json.loads(lstmzoo(*words, here).stdout)
    found = json.loads(lstmzoo(*words, elsewhere, "--workers", 2, "--gpus-per-worker", 1).stdout)
    assert found | {"run": ""} == scores | {"run": ""} and scores["examples"] == 16 and "majority" in scores["floors"]
    for name in ("predictions-train.csv", "metrics.json"):
        assert (here / name).read_bytes() == (elsewhere / name).read_bytes()
    assert in_this_process == [(Wanted(2, gpus=1), "tensorflow"), range(1), range(1, 2)]


def test_answers_and_features_come_in_order_and_to_the_last_bit(smoke_run, in_this_process, eager):
    config = smoke_run.config.model_copy(update={"train": smoke_run.config.train.model_copy(update={"batch_size": 3})})
    network, splits = RunNetwork(Run(smoke_run.folder, config, smoke_run.spec)), config.data.load()
    with by_workers(RunNetwork(network.run), Wanted(2)) as dealt:
        for name, ask in (("test", Network.answers), ("val", Network.features)):
            one, other = (list(ask(each, splits, name)) for each in (dealt, network))
            assert len(one) == splits.size(name) == 8
            for found, expected in zip(one, other, strict=True):
                tree.assert_same_structure(found, expected)
                tree.map_structure(np.testing.assert_array_equal, found, expected)
    assert in_this_process[1:] == 2 * [range(1), range(1, 2), range(2, 3)]


def test_what_a_frozen_encoder_makes_of_examples_is_dealt_and_kept(
    pretrained_encoder, in_this_process, tmp_path, eager
):
    overrides = [f"model.backbone={{name: MobileNetV2, weights: {pretrained_encoder}}}", "train.batch_size=3"]
    config = load("smoke/cnn_lstm.yaml", [f"data.data_dir={tmp_path}", "data.clip.size=32", *overrides])
    splits = config.data.load()
    run = Run.create(tmp_path / "run", config, splits.spec, splits.fingerprint)
    keep_weights(config.model.build(splits.spec), run.path / WEIGHTS)
    with by_workers(RunNetwork(run), Wanted(2)) as dealt:
        found = list(dealt.answers(splits, "test"))
    assert in_this_process[1:] == [range(1), range(1), range(1, 2), range(2, 3)]  # one batch of 8 to encode
    (file,) = splits.folder.rglob("features/*/test.npy")
    kept = file.read_bytes()
    file.unlink()
    expected = list(RunNetwork(run).answers(splits, "test"))
    assert file.read_bytes() == kept
    for one, other in zip(found, expected, strict=True):
        tree.map_structure(np.testing.assert_array_equal, one, other)
