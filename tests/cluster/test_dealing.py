"""Tasks dealt to workers."""

import os
import time

import pytest

from lstm_zoo.cluster.dealing import dealt
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
    with pytest.raises(WorkersError, match="1 workers have died"):
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
