"""Tables of measurements, from made-up rounds."""

import pytest
from rich.console import Console

from lstm_zoo.bench.measuring import figures
from lstm_zoo.reporting.speed import change_lines, machine_line, short, speed_page, speed_table

OURS, KERAS = [0.010, 0.012, 0.011, 0.020, 0.010], [0.020, 0.024, 0.033, 0.020, 0.015]
MORE = {"first_seconds": 1.5, "peak_mib": 100}


def row(name, **others):
    contenders = {"ours": figures(OURS, OURS) | MORE, **others}
    return {"subject": "lstm_training", "about": "One step.", "name": name, "unit": "step", "contenders": contenders}


ROWS = [
    row("LSTM (1, 2)", keras=figures(KERAS, OURS) | MORE, torch={"missing": "torch"}),
    row("LSTM (3, 4)", torch=figures(OURS, OURS) | MORE),
]


def test_medians_and_quartiles_are_those_of_the_rounds():
    found = figures(KERAS, OURS)
    assert found["seconds"] == 0.020 and found["seconds_between"] == (0.020, 0.024)
    assert found["ratio"] == pytest.approx(2) and found["ratio_between"] == pytest.approx((1.5, 2))  # 1 1.5 2 2 3
    assert figures([0.5], [0.25])["ratio_between"] == (2, 2)


def test_a_page_has_a_table_a_subject_ours_first():
    assert speed_page(ROWS) == [
        "`lstm_training`: One step.",
        "",
        "| | ours, ms | keras | torch |",
        "| --- | --- | --- | --- |",
        "| LSTM (1, 2), per step | 11.0 (10.0-12.0) | 2.00 (1.50-2.00) | torch is not installed |",
        "| LSTM (3, 4), per step | 11.0 (10.0-12.0) | | 1.00 (1.00-1.00) |",
    ]


def test_a_table_has_a_line_a_contender():
    console = Console(width=120, record=True)
    console.print(speed_table(ROWS[0]))
    text = console.export_text()
    assert "11.0 (10.0-12.0)" in text and "2.00 (1.50-2.00)" in text and "torch is not installed" in text


def test_the_machine_is_named():
    machine = {
        "processor": "Some CPU",
        "kind": "family 6",
        "cores": 2,
        "instructions": {"AVX2": True, "AVX-512": False},
    }
    machine["versions"] = {"keras": "3.15", "torch": None}
    measured = {"machine": machine, "backend": "jax", "rounds": 5, "quick": False}
    assert machine_line(measured) == (
        "Some CPU (family 6; AVX2, no AVX-512), 2 cores; keras 3.15; Keras on jax; medians of 5 rounds, in brackets "
        "their middle half"
    )
    machine |= {"kind": "", "instructions": {}}
    assert machine_line(measured).startswith("Some CPU, 2 cores; ")


def test_changes_are_told_in_lines():
    change = {"row": "a row", "contender": "ours", "before": 0.010, "now": 0.013, "verdict": "slower"}
    compared = {"file": "old.json", "changes": [change, change | {"verdict": "alike"}], "new": ["a new row"]}
    assert change_lines(compared | {"versions": {"torch": (None, "2.13")}}) == [
        "slower than in old.json: a row, ours: 10.0 ms -> 13.0 ms, 1.30 times as long",
        "no change beyond noise since old.json: 1 of 2 contenders of ours",
        "not in old.json: a new row",
        "torch is 2.13, was None in old.json",
    ]


@pytest.mark.parametrize(
    "number, text", [(12345.6, "12,346"), (123.4, "123"), (12.345, "12.3"), (99.96, "100"), (0.012345, "0.0123")]
)
def test_numbers_have_three_digits_that_count(number, text):
    assert short(number) == text
