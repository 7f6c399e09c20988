"""Tasks dealt to workers."""

import os
import time
from types import SimpleNamespace

import pytest

from lstm_zoo.cluster.dealing import dealt
from lstm_zoo.cluster.room import Wanted
from lstm_zoo.cluster.workers import Workers, WorkersError
from lstm_zoo.contracts import InputError

pytestmark = pytest.mark.xdist_group("ray")


@pytest.fixture(scope="module")
def workers(two_workers):
    with Workers(two_workers) as workers:
        yield workers


def squares():
    def square(number):
        time.sleep(0.01 * (number % 3))
        return number**2, os.getpid()

    return square


def dying(folder):
    """Return what ends its process at its first sight of 3."""

    def begin():
        def square(number):
            if number == 3 and not os.path.exists(f"{folder}/died"):
                open(f"{folder}/died", "w").close()
                os._exit(9)
            return number**2

        return square

    return begin


def refusing():
    def refuse(number):
        raise InputError("data.root", f"no {number}", "more")

    return refuse


def test_results_come_in_the_order_of_the_tasks(workers):
    done = list(dealt(workers, squares, range(20)))
    assert [(task, result) for task, (result, _) in done] == [(number, number**2) for number in range(20)]
    assert len({process for _, (_, process) in done}) == 2
    assert list(dealt(workers, squares, [])) == []


def test_tasks_of_a_worker_that_dies_are_done_again(workers, tmp_path, capsys):
    done = list(dealt(workers, dying(tmp_path), range(12), in_order=False))
    assert sorted(done) == [(number, number**2) for number in range(12)]
    assert "a worker has died; another does its" in capsys.readouterr().err
    (tmp_path / "died").unlink()
    with pytest.raises(WorkersError, match=r"1 workers have died, the last one at (\d or )*3( or \d)*;"):
        list(dealt(workers, dying(tmp_path), range(12), max_failures=0))


def cubes():
    return lambda number: number**3


def test_workers_do_tasks_of_two_kinds_at_once_and_one_is_replaced_once(workers, tmp_path):
    squared = dealt(workers, dying(tmp_path), range(12))
    for number, (one, two) in enumerate(zip(squared, dealt(workers, cubes, range(12)), strict=True)):
        assert (one, two) == ((number, number**2), (number, number**3))


def test_mistakes_come_back_as_they_are(workers):
    with pytest.raises(InputError) as caught:
        list(dealt(workers, refusing, range(2)))
    assert caught.value.key == "data.root" and caught.value.more == ("more",)


class _Nodes:
    """Stands for Ray, with a worker on each of two nodes: the second dies at its first task, and no other comes."""

    def __init__(self, places):
        import ray

        self.exceptions, self.places = ray.exceptions, places
        self.actors = [self._actor(alive=True), self._actor(alive=False)]
        self.wanted = Wanted(2)

    def _actor(self, alive, comes=True):
        def remote(task):
            return lambda: (comes, alive, task)

        return SimpleNamespace(
            prepare=SimpleNamespace(remote=lambda kind, begin: lambda: (comes, True, None)),
            do=SimpleNamespace(remote=lambda kind, task: remote(task)),
        )

    def replace(self, place):
        self.actors[place] = self._actor(alive=True, comes=False)

    def wait(self, refs, num_returns=1, timeout=None):
        assert timeout is not None or any(ref()[0] for ref in refs), "it would wait for ever"
        return [ref for ref in refs if ref()[0]][:1], []

    def get(self, ref):
        _, alive, task = ref()
        if not alive:
            raise self.exceptions.OutOfMemoryError("killed by Ray, for its memory")
        return task


@pytest.mark.parametrize("places", [1, 0])
def test_tasks_of_a_node_that_is_gone_are_done_by_the_others_and_none_waits_for_it(monkeypatch, places):
    nodes = _Nodes(places)
    monkeypatch.setattr("lstm_zoo.cluster.dealing.ray_module", lambda: nodes)
    monkeypatch.setattr("lstm_zoo.cluster.dealing.num_places", lambda wanted: places)
    if places:
        assert [task for task, _ in dealt(nodes, cubes, range(9))] == list(range(9))
        return
    nodes.actors[0] = nodes._actor(alive=False)
    with pytest.raises(WorkersError, match="no node is left"):
        list(dealt(nodes, cubes, range(9)))
