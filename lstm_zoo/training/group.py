"""The group of processes that train together: which one this is of them, as whoever started it says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from ..config.recipe import Config
from ..contracts import InputError

_NAMED = (
    ("JAX_COORDINATOR_ADDRESS", "JAX_NUM_PROCESSES", "JAX_PROCESS_ID"),  # Kubeflow's JAX runtime sets these
    ("KERAS_DISTRIBUTION_JOB_ADDRESSES", "KERAS_DISTRIBUTION_NUM_PROCESSES", "KERAS_DISTRIBUTION_PROCESS_ID"),
)
# What `srun` sets for the tasks of a step. A batch script has the job's own variables, too, and is no task.
_SLURM = ("SLURM_STEP_NODELIST", "SLURM_STEP_NUM_TASKS", "SLURM_PROCID", "SLURM_JOB_ID", "SLURM_STEP_ID")
_PORTS = range(61440, 65536)


class Group(NamedTuple):
    """One process of several that train together."""

    coordinator: str
    """HOST:PORT at which the first one is reached."""
    size: int
    """How many they are."""
    number: int
    """Which one this is, from 0."""


def group_of(environment: Mapping[str, str]) -> Group | None:
    """Return the group that environment variables name; None: there is none, or it is of one process.

    Raises:
        InputError: Variables are missing or make no sense.
    """
    group = None
    for names in _NAMED:
        if there := [name for name in names if name in environment]:
            if missing := [name for name in names if name not in environment]:
                raise InputError("", f"{there[0]} is set, but {' and '.join(missing)} not; set all three, or none")
            address, size, number = (environment[name] for name in names)
            group = Group(address.split(",")[0], _count(size, names[1]), _count(number, names[2]))
            if not 0 <= group.number < group.size:
                raise InputError("", f"{names[2]} is {number}; expected 0 to {group.size - 1}, below {names[1]}")
            break
    else:
        if all(name in environment for name in _SLURM):
            nodes, *counts = (environment[name] for name in _SLURM)
            size, number, job, step = (_count(one, name) for one, name in zip(counts, _SLURM[1:], strict=True))
            group = Group(f"{_first_node(nodes)}:{_PORTS[(31 * job + step) % len(_PORTS)]}", size, number)
    return group if group and group.size > 1 else None


def shares_node(environment: Mapping[str, str]) -> bool:
    """Say whether Slurm runs several tasks of a step on this node: each then takes one GPU, and else all there are."""
    return not re.fullmatch(r"1(\(x\d+\))?", environment.get("SLURM_STEP_TASKS_PER_NODE", "1"))


def check_shared(config: Config, size: int) -> None:
    """Raise an InputError if several processes cannot train by a recipe.

    Args:
        config: The recipe.
        size: How many processes there are, or devices of all of them.
    """
    if (batch_size := config.train.batch_size) % size:
        near = [one for one in (batch_size // size * size, -(-batch_size // size) * size) if one]
        raise InputError(
            "train.batch_size",
            f"is {batch_size}, which {size} workers cannot share evenly; set {' or '.join(map(str, near))}, or take "
            "another number of workers",
        )
    if config.train.jit_compile is False:
        raise InputError("train.jit_compile", "is false, but workers train on JAX, compiled; set null")


def _count(text: str, name: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise InputError("", f"{name} is '{text}'; expected a number") from None


def _first_node(nodes: str) -> str:
    """Return the first of nodes as Slurm writes them: `a3` of `a[3-5,9],b1`."""
    found = re.match(r"([^,\[]+)(?:\[([^\],-]+)[^\]]*\])?([^,]*)", nodes)
    if not found:
        raise InputError("", f"SLURM_STEP_NODELIST is '{nodes}'; expected names of nodes")
    return "".join(found.groups(""))
