"""What counts as slower than an earlier run: made-up rounds, whose speed is known."""

import json
from itertools import permutations
from math import factorial

import numpy as np
import pytest

from lstm_zoo.bench.baseline import FEWEST, LEVEL, chance, changes, compared, opened
from lstm_zoo.contracts import InputError

STEADY = [1.00, 1.01, 0.99, 1.02, 0.98, 1.00, 1.01]
OTHERS = [2.00, 2.03, 1.98, 2.01, 2.02, 1.99, 2.00]


def row(name="a row", **rounds):
    return {"name": name, "contenders": {one: {"rounds": list(times)} for one, times in rounds.items()}}


def times(seconds, factor):
    return [one * factor for one in seconds]


def verdict(now, before):
    (change,) = changes([now], [before])
    return change.verdict


def test_what_takes_longer_beside_the_others_is_slower_and_the_other_way_round_faster():
    before = row(ours=STEADY, keras=OTHERS)
    assert verdict(row(ours=times(STEADY, 1.1), keras=OTHERS), before) == "slower"
    assert verdict(row(ours=times(STEADY, 1 / 1.1), keras=OTHERS), before) == "faster"
    assert verdict(row(ours=STEADY[::-1], keras=OTHERS), before) == "alike"


def test_a_few_percent_are_not_told_however_steady_the_rounds():
    assert verdict(row(ours=times(STEADY, 1.04)), row(ours=STEADY)) == "alike"
    assert verdict(row(ours=times(STEADY, 1.06)), row(ours=STEADY)) == "slower"


def test_a_machine_that_is_busy_slows_nothing_of_ours():
    before = row(ours=STEADY, keras=OTHERS)
    assert verdict(row(ours=times(STEADY, 1.5), keras=times(OTHERS, 1.5)), before) == "alike"
    assert verdict(row(ours=times(STEADY, 1.5), keras=times(OTHERS, 1.2)), before) == "slower"


def test_others_that_have_become_faster_make_nothing_of_ours_slower():
    assert verdict(row(ours=STEADY, keras=times(OTHERS, 0.5)), row(ours=STEADY, keras=OTHERS)) == "alike"


def test_rounds_that_spread_more_than_they_moved_are_alike():
    wide = [0.7, 1.4, 0.9, 1.2, 0.8, 1.3, 1.0]
    assert verdict(row(ours=times(wide, 1.1)), row(ours=wide)) == "alike"


def test_one_round_that_was_held_up_hides_nothing():
    nine = [*STEADY, 1.005, 0.995]
    held_up = [*nine[:-1], 9.0]
    assert verdict(row(ours=times(nine, 1.2)), row(ours=held_up)) == "slower"
    assert verdict(row(ours=held_up), row(ours=nine)) == "alike"


def test_only_what_is_ours_is_told():
    before = row(ours=STEADY, keras=OTHERS) | {"name": "a row"}
    before["contenders"]["ours, XLA"] = {"rounds": STEADY}
    now = row(ours=STEADY, keras=times(OTHERS, 2))
    now["contenders"] |= {"ours, XLA": {"rounds": times(STEADY, 2)}, "torch": {"missing": "torch"}}
    assert [(one.contender, one.verdict) for one in changes([now], [before])] == [
        ("ours", "alike"),
        ("ours, XLA", "alike"),  # as Keras': the machine is as slow again
    ]
    assert changes([row("another row", ours=STEADY)], [before]) == []


def test_chance_counts_orders():
    for m, n in ((1, 1), (2, 3), (3, 3)):
        orders = list(permutations(range(m + n)))
        for high in orders[:: factorial(m + n - 1) // 2 or 1]:
            above = sum(one > other for one in high[:m] for other in high[m:])
            as_often = sum(sum(a > b for a in one[:m] for b in one[m:]) >= above for one in orders)
            assert chance(high[:m], high[m:]) == pytest.approx(as_often / len(orders))
    assert chance([2] * FEWEST, [1] * FEWEST) <= LEVEL < chance([2] * (FEWEST - 1), [1] * (FEWEST - 1))
    assert chance([1.0] * 5, [1.0] * 5) == 1


def test_equal_speed_is_rarely_told_to_have_changed():
    random = np.random.default_rng(0)

    def drawn():
        return row(ours=np.exp(random.normal(0, 0.1, 7)), keras=np.exp(random.normal(0, 0.1, 7)))

    told = [verdict(drawn(), drawn()) != "alike" for _ in range(1000)]
    assert sum(told) <= 10  # 1 of 200 by times alone, either way


MACHINE = {"processor": "Some CPU", "kind": "family 6", "instructions": {"AVX2": True}, "cores": 2}
RUN = {"machine": MACHINE | {"versions": {"keras": "3.15"}}, "backend": "tensorflow", "rounds": 7, "quick": False}
RUN |= {"videos": None, "rows": [row(ours=STEADY)]}


@pytest.mark.parametrize(
    "change, told",
    [
        ({"backend": "jax"}, "backend jax there, tensorflow here"),
        ({"machine": RUN["machine"] | {"processor": "Other CPU"}}, r"processor Other CPU \(family 6\) there"),
        (
            {"machine": RUN["machine"] | {"kind": "family 7"}},
            r"Some CPU \(family 7\) there, Some CPU \(family 6\) here",
        ),
        ({"machine": RUN["machine"] | {"cores": 8}}, "cores 8 there, 2 here"),
        ({"machine": RUN["machine"] | {"instructions": {"AVX2": True, "AVX-512": True}}}, "AVX2 and AVX-512 there"),
        ({"quick": True}, "sizes tiny there, whole here"),
        ({"videos": "my_videos"}, "videos my_videos there, drawn here"),
        ({"rows": [row(ours=STEADY[:3])]}, "3 rounds tell nothing"),
        ({"rows": "none"}, "no measurements of lstmzoo bench"),
        ({"machine": None}, "no measurements of lstmzoo bench"),
    ],
)
def test_what_cannot_be_compared_is_refused(change, told, tmp_path):
    file = tmp_path / "before.json"
    file.write_text(json.dumps(RUN | change))
    with pytest.raises(InputError, match=told):
        opened(file, RUN)


@pytest.mark.parametrize("text", ["not JSON", "[]", "{}", "3"])
def test_a_file_that_is_no_baseline_is_refused(text, tmp_path):
    file = tmp_path / "before.json"
    file.write_text(text)
    with pytest.raises(InputError, match="no measurements of lstmzoo bench; expected a file that --to wrote"):
        opened(file, RUN)
    with pytest.raises(InputError, match="no such file"):
        opened(tmp_path / "none.json", RUN)


def test_a_baseline_of_the_same_machine_is_compared(tmp_path):
    file = tmp_path / "before.json"
    file.write_text(json.dumps(RUN))
    newer = RUN | {"machine": MACHINE | {"versions": {"keras": "3.16"}}}
    newer |= {"rows": [row(ours=times(STEADY, 2)), row("a new row", ours=STEADY)]}
    found = compared(newer, opened(file, newer))
    assert [(change["row"], change["verdict"]) for change in found["changes"]] == [("a row", "slower")]
    assert found["new"] == ["a new row"] and found["versions"] == {"keras": ("3.15", "3.16")}
    with pytest.raises(InputError, match="4 rounds tell nothing"):
        opened(file, RUN | {"rounds": 4})
