"""A Ray cluster of this machine, for all tests of a process."""

import pytest

from lstm_zoo.cluster.room import Wanted, connected


@pytest.fixture(scope="session")
def two_workers():
    """Two workers on a cluster that is there."""
    pytest.importorskip("ray")
    wanted = Wanted(2)
    with connected(wanted):
        yield wanted
