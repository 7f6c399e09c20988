"""Ray, as the head has it."""

import subprocess
import sys

import pytest

_SAID = """
from lstm_zoo.cluster.room import ray_module
ray_module()
from ray._private.worker import print_to_stdstream
print_to_stdstream({"lines": ["A worker died"], "pid": "raylet", "is_err": False}, ignore_prefix=False)
"""


def test_it_says_nothing_on_standard_output_which_is_for_answers():
    pytest.importorskip("ray")
    done = subprocess.run([sys.executable, "-c", _SAID], capture_output=True, text=True, check=True)
    assert done.stdout == ""
