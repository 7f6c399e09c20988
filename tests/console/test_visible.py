import json
import re

import pytest

from lstm_zoo.cli.errors import user_errors
from lstm_zoo.cli.printing import show, show_json
from lstm_zoo.console.progress import ProgressBar
from lstm_zoo.console.visible import tell, visible, visible_json
from lstm_zoo.contracts import InputError
from lstm_zoo.reporting.tables import titled_table

HOSTILE = (
    "x\nPWNED\r\x1b[2J\x1b]0;title\x07 \x9b1A \u202eexe.gpj\u2066 "
    "\u2028 \u200b \r\x08 \udcff [/b][bold]x :smile: \U000e0041"
)


def test_what_a_terminal_acts_on_is_written_out():
    assert visible("\x1b[31mred\n") == "\\u001b[31mred\\n"
    assert visible("a\n\u202eb", lines=True) == "a\n\\u202eb"
    assert visible("\U000e0041\udcff") == "\\udb40\\udc41\\udcff"


@pytest.mark.parametrize("text", ["plain", "Öl: 5 µm", "می\u200cخواهم", "👩\u200d🚀", "C:\\new [/b]", "हिन्दी"])
def test_other_text_stays(text):
    assert visible(text) == text


def quiet(said: str) -> bool:
    plain = re.sub(r"\x1b\[([0-9;]*m|\?25[lh]|1A|2K)|\r\x1b\[2K", "", said)  # what rich says of itself
    return all(character.isprintable() or character in "\n\u200d" for character in plain)


@pytest.mark.parametrize("terminal", [False, True])
def test_nothing_that_commands_print_moves_the_cursor(capsys, monkeypatch, terminal):
    monkeypatch.setenv("FORCE_COLOR" if terminal else "NO_COLOR", "1")
    table = titled_table(HOSTILE, "name", "score ")
    table.add_row(HOSTILE, "1.0")
    table.caption = HOSTILE
    for said in (HOSTILE, table):
        show(said)
    show_json({HOSTILE: HOSTILE})
    tell(HOSTILE)
    bar = ProgressBar(HOSTILE, 2, HOSTILE)
    bar.advance(note=HOSTILE)
    bar.close()
    with pytest.raises(BaseException, match="2"), user_errors():
        raise InputError("data.root", HOSTILE, HOSTILE)
    said = capsys.readouterr()
    assert quiet(said.out) and quiet(said.err)
    assert not any(line.lstrip().startswith("PWNED") for line in (said.out + said.err).split("\n"))
    assert "[/b][bold]x" in said.out.replace("\n", "") and ":smile:" in said.out.replace("\n", "")
    assert json.loads(said.out.splitlines()[-1]) == {HOSTILE: HOSTILE}


def test_json_has_no_number_that_other_programs_cannot_read():
    told = visible_json({"auc": float("nan"), "all": [1.5, (float("inf"), 2)], "name": "a\u202eb\x1b"})
    assert told == '{"auc": null, "all": [1.5, [null, 2]], "name": "a\\u202eb\\u001b"}'
    assert visible_json({"name": "a\nb"}, indent=2) == '{\n  "name": "a\\nb"\n}'


def test_bars_in_a_notebook_are_plain_lines_though_it_claims_to_be_a_terminal(capsys, monkeypatch):
    shell = type("ZMQInteractiveShell", (), {})  # what IPython calls a notebook's
    monkeypatch.setattr("builtins.get_ipython", shell, raising=False)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    bar = ProgressBar("reading", 2, "files")
    bar.advance(2)
    bar.close()
    (line,) = filter(None, capsys.readouterr().err.splitlines())
    assert line.startswith("reading ") and line.isprintable()
