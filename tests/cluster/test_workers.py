"""Workers: what they share with the process that starts them."""

import os
import sys

import pytest

from lstm_zoo.cluster.workers import Workers, WorkersError
from lstm_zoo.config.kinds import forget_plugins, kind_of, kinds, use_plugin
from lstm_zoo.console.cores import num_cores

pytestmark = [pytest.mark.xdist_group("ray"), pytest.mark.usefixtures("two_workers")]
PLUGIN = """
from typing import ClassVar, Literal
from lstm_zoo.contracts import ModelConfig


class Mine(ModelConfig):
    takes: ClassVar[frozenset[str]] = frozenset({"clip"})
    answers: ClassVar[str] = "classes"
    kind: Literal["mine"] = "mine"

    def build(self, spec, *, pretrained=True): ...
"""


@pytest.fixture
def plugin(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(PLUGIN)
    use_plugin(file)
    yield file
    forget_plugins()


def about():
    return (
        os.getcwd(),
        kind_of(kinds().models[-1]),
        os.environ.get("TFDS_DATA_DIR"),
        tuple(sys.argv),
        num_cores(),
        os.environ["NPROC"],
    )


def test_they_have_what_counts_of_the_head_and_start_as_many_threads_as_they_have_cores(
    two_workers, plugin, tmp_path, monkeypatch
):
    """Its folder, plugins, and the variables by which work differs, though Ray was started before these."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TFDS_DATA_DIR", "prepared here")
    with Workers(two_workers) as workers:
        found = workers.asked(lambda one: one.run.remote(about))
        with pytest.raises(Exception, match="died"):
            workers._ray.get(workers.actors[1].run.remote(os._exit, 1))
        workers.replace(1)
        again = workers.asked(lambda one: one.run.remote(about))
    assert again == found == 2 * [(str(tmp_path), "mine", "prepared here", tuple(sys.argv), 1, "1")]


def test_a_plugin_that_is_not_there_is_told(two_workers, plugin):
    plugin.unlink()
    with pytest.raises(WorkersError, match=r"a worker cannot start: .*mine.py: no such file"), Workers(two_workers):
        pass
