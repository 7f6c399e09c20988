"""Tasks dealt to workers."""

import os
import time
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from lstm_zoo.cluster.dealing import Parts, dealt
from lstm_zoo.cluster.room import Wanted
from lstm_zoo.cluster.workers import Workers, WorkersError
from lstm_zoo.contracts import InputError

pytestmark = pytest.mark.xdist_group("ray")


@pytest.fixture(scope="module")
def workers(two_workers):
    with Workers(two_workers) as workers:
        yield workers


def squares(folder):
    """Return what waits until each of two workers has something to do."""

    def begin():
        def square(number):
            (folder / str(os.getpid())).touch()
            while len(list(folder.iterdir())) < 2:
                time.sleep(0.01)
            time.sleep(0.01 * (number % 3))
            return number**2

        return square

    return begin


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


def dying_at_three():
    """Return what ends its process whenever it comes to 3."""

    def square(numbers):
        for number in numbers:
            if number == 3:
                os._exit(9)
        return [number**2 for number in numbers]

    return square


ONE_BY_ONE = Parts(lambda numbers: [[number] for number in numbers], lambda numbers: [f"not {numbers[0]}"])


def refusing():
    def refuse(number):
        raise InputError("data.root", f"no {number}", "more")

    return refuse


def test_results_come_in_the_order_of_the_tasks(workers, tmp_path):
    done = list(dealt(workers, squares(tmp_path), range(20)))
    assert done == [(number, number**2) for number in range(20)]
    assert list(dealt(workers, squares(tmp_path), [])) == []


def test_tasks_of_a_worker_that_dies_are_done_again(workers, tmp_path, capsys):
    done = list(dealt(workers, dying(tmp_path), range(12), in_order=False))
    assert sorted(done) == [(number, number**2) for number in range(12)]
    assert "a worker has died; another does its" in capsys.readouterr().err
    (tmp_path / "died").unlink()
    with pytest.raises(WorkersError, match=r"1 workers have died, the last one at (\d or )*3( or \d)*;"):
        list(dealt(workers, dying(tmp_path), range(12), max_failures=0))


def test_what_kills_each_worker_is_tried_once_more_alone_and_then_has_failed(workers, capsys):
    groups = [[0, 1], [2, 3, 4], [5, 6], [7, 8]]
    numbers, results = zip(*dealt(workers, dying_at_three, groups, parts=ONE_BY_ONE), strict=True)
    assert sum(numbers, []) == list(range(9))
    assert sum(results, []) == [0, 1, 4, "not 3", 16, 25, 36, 49, 64]
    assert "a worker has died; what it had is done again, file by file" in capsys.readouterr().err


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

    def get(self, ref, timeout=None):
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


@dataclass(eq=False)
class _Ref:
    alive: bool
    answer: Any


class _ThatDie:
    """Stands for Ray, with workers that are dead at some of the questions to all of them."""

    def __init__(self, workers, dead, error="RayError"):
        import ray

        self.exceptions, self.error, self.dead = ray.exceptions, getattr(ray.exceptions, error), dead
        self.asked, self.parts_at_once = [], 0
        self.wanted, self.actors = Wanted(workers), [None] * workers
        for place in range(workers):
            self.replace(place)

    def replace(self, place):
        alive = [True]

        def remote(*of):
            self.asked.append((place, of[-1] if of else "alive"))
            alive[0] &= len(self.asked) not in self.dead
            return _Ref(alive[0], of[-1] if of else None)

        ready = SimpleNamespace(remote=lambda kind, begin: _Ref(True, None))
        method = SimpleNamespace(remote=remote)
        self.actors[place] = SimpleNamespace(prepare=ready, do=method, where=method)

    def wait(self, refs, num_returns, timeout):
        self.parts_at_once = max(
            self.parts_at_once, sum(ref.answer is not None and len(ref.answer) == 1 for ref in refs)
        )
        return [next((ref for ref in refs if ref.answer is None), refs[0])], []

    def get(self, ref):
        if not ref.alive:
            raise self.error("dead")
        return ref.answer


@pytest.fixture
def that_die(monkeypatch):
    def make(workers, *dead, **more):
        made = _ThatDie(workers, dead, **more)
        monkeypatch.setattr("lstm_zoo.cluster.dealing.ray_module", lambda: made)
        return made

    return make


def test_a_part_is_not_to_blame_for_a_worker_that_was_dead_before(that_die, capsys):
    workers = that_die(2, 2, 3)  # at the second task, and when the other worker is asked whether it is there
    done = list(dealt(workers, cubes, [[0, 1], [2, 3]], parts=ONE_BY_ONE))
    assert done == [([0, 1], [0, 1]), ([2], [2]), ([3], [3])]
    assert workers.asked == [(0, [0, 1]), (0, [2, 3]), (1, "alive"), (0, [2]), (1, [3])]
    assert "another does its 0 tasks again (1. time)" in capsys.readouterr().err


@pytest.mark.parametrize(("error", "at_once"), [("RayError", 2), ("OutOfMemoryError", 1)])
def test_where_memory_has_run_out_nothing_is_done_beside_a_part(that_die, error, at_once):
    workers = that_die(2, 2, error=error)
    done = list(dealt(workers, cubes, [[0, 1], [2, 3, 4, 5]], parts=ONE_BY_ONE))
    assert [task for task, _ in done] == [[0, 1], [2], [3], [4], [5]] and workers.parts_at_once == at_once


def test_workers_that_die_before_anything_is_done_end_it(that_die):
    groups = [[1, 2], [3, 4], [5, 6], [7, 8]]
    with pytest.raises(WorkersError, match=r"2 workers have died, the last one at \[5, 6\] or \[7, 8\];"):
        list(dealt(that_die(2, *range(99)), cubes, groups, max_failures=1, parts=ONE_BY_ONE))
