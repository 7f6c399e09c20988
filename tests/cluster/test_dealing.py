"""Tasks dealt to workers."""

import os
import time

import pytest

from lstm_zoo.cluster.dealing import dealt, dealt_to
from lstm_zoo.cluster.workers import Workers, WorkersError
from lstm_zoo.contracts import InputError

pytestmark = [pytest.mark.xdist_group("ray"), pytest.mark.usefixtures("two_workers")]


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


def test_results_come_in_the_order_of_the_tasks(two_workers):
    done = list(dealt(two_workers, squares, range(20)))
    assert [(task, result) for task, (result, _) in done] == [(number, number**2) for number in range(20)]
    assert len({process for _, (_, process) in done}) == 2
    assert list(dealt(two_workers, squares, [])) == []


def test_tasks_of_a_worker_that_dies_are_done_again(two_workers, tmp_path, capsys):
    done = list(dealt(two_workers, dying(tmp_path), range(12), in_order=False))
    assert sorted(done) == [(number, number**2) for number in range(12)]
    assert "a worker has died; another does its" in capsys.readouterr().err
    (tmp_path / "died").unlink()
    with pytest.raises(WorkersError, match="1 workers have died"):
        list(dealt(two_workers, dying(tmp_path), range(12), max_failures=0))


def cubes():
    return lambda number: number**3


def test_workers_do_tasks_of_two_kinds_at_once_and_one_is_replaced_once(two_workers, tmp_path):
    with Workers(two_workers) as workers:
        squared = dealt_to(workers, dying(tmp_path), range(12))
        for number, (one, two) in enumerate(zip(squared, dealt_to(workers, cubes, range(12)), strict=True)):
            assert (one, two) == ((number, number**2), (number, number**3))


def test_mistakes_come_back_as_they_are(two_workers):
    with pytest.raises(InputError) as caught:
        list(dealt(two_workers, refusing, range(2)))
    assert caught.value.key == "data.root" and caught.value.more == ("more",)
