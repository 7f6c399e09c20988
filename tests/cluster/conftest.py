"""A Ray cluster of this machine, for all tests of a process."""

from contextlib import ExitStack

import pytest

from lstm_zoo.cluster.room import Wanted, connected


@pytest.fixture(scope="session")
def two_workers():
    """Two workers on a cluster that is there; that of RAY_ADDRESS was not asked for."""
    pytest.importorskip("ray")
    wanted = Wanted(2)
    with ExitStack() as stack:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("RAY_ADDRESS", "127.0.0.1:1")
            stack.enter_context(connected(wanted))
        yield wanted
