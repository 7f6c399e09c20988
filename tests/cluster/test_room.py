"""Ray, as the head has it."""

import subprocess
import sys
from types import SimpleNamespace

import pytest

from lstm_zoo.cluster import room
from lstm_zoo.contracts import InputError

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


def test_a_cluster_that_asks_for_a_token_is_told(monkeypatch):
    class AuthenticationError(Exception):
        pass

    def init(**_):
        raise AuthenticationError("RPC error")

    ray = SimpleNamespace(init=init, exceptions=SimpleNamespace(AuthenticationError=AuthenticationError))
    monkeypatch.setattr(room, "ray_module", lambda: ray)
    monkeypatch.setattr(room, "_check_reachable", lambda address: None)
    with pytest.raises(InputError, match="--cluster here:6379: it asks for a token; set RAY_AUTH_MODE=token"):
        room._connect("here:6379")
