"""Processes that train together: how they are told, and what they cannot do."""

import pytest

from lstm_zoo.config.recipe import load
from lstm_zoo.contracts import InputError
from lstm_zoo.training.group import Group, check_shared, group_of, shares_node

JAX = {"JAX_COORDINATOR_ADDRESS": "a:1", "JAX_NUM_PROCESSES": "2", "JAX_PROCESS_ID": "1"}
KERAS = {
    "KERAS_DISTRIBUTION_JOB_ADDRESSES": "a:1,b:1",
    "KERAS_DISTRIBUTION_NUM_PROCESSES": "2",
    "KERAS_DISTRIBUTION_PROCESS_ID": "1",
}
SLURM = {
    "SLURM_STEP_NODELIST": "gpu[007-9,12],login",
    "SLURM_STEP_NUM_TASKS": "4",
    "SLURM_PROCID": "3",
    "SLURM_JOB_ID": "71",
    "SLURM_STEP_ID": "2",
}


def test_groups_are_told_by_jax_keras_and_slurm():
    assert group_of({}) is None
    assert group_of(JAX) == group_of(KERAS) == Group("a:1", 2, 1)
    assert group_of({**JAX, "JAX_NUM_PROCESSES": "1", "JAX_PROCESS_ID": "0"}) is None
    group = group_of(SLURM)
    assert (
        group == Group("gpu007:63643", 4, 3)
        and group_of({**SLURM, "SLURM_STEP_NODELIST": "a-1,b"}).coordinator[:4] == "a-1:"
    )
    assert group_of({name: text for name, text in SLURM.items() if "STEP" not in name}) is None  # a batch script


def test_groups_that_make_no_sense_are_refused():
    with pytest.raises(InputError, match="JAX_COORDINATOR_ADDRESS is set, but JAX_PROCESS_ID not"):
        group_of({name: JAX[name] for name in list(JAX)[:2]})
    with pytest.raises(InputError, match="JAX_PROCESS_ID is 2; expected 0 to 1"):
        group_of({**JAX, "JAX_PROCESS_ID": "2"})
    with pytest.raises(InputError, match="JAX_NUM_PROCESSES is 'two'"):
        group_of({**JAX, "JAX_NUM_PROCESSES": "two"})


def test_recipes_that_cannot_be_shared_are_refused():
    check_shared(load("smoke/cnn_lstm.yaml"), 4)
    with pytest.raises(InputError, match=r"is 8, which 3 workers cannot share evenly; set 6 or 9") as caught:
        check_shared(load("smoke/cnn_lstm.yaml"), 3)
    assert caught.value.key == "train.batch_size"
    with pytest.raises(InputError, match="workers train on JAX, compiled"):
        check_shared(load("smoke/cnn_lstm.yaml", ["train.jit_compile=false"]), 2)


def test_a_process_that_is_alone_on_its_node_takes_all_gpus():
    """JAX gives each task of a Slurm step one, which is for tasks that share a node."""
    assert not any(shares_node({"SLURM_STEP_TASKS_PER_NODE": text}) for text in ("1", "1(x4)")) and not shares_node({})
    assert all(shares_node({"SLURM_STEP_TASKS_PER_NODE": text}) for text in ("4", "2(x3)", "11", "1(x2),2"))
