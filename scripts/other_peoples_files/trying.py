"""How a case is tried: commands one after the other, and what is to be true of each one's answer."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from rich.markup import escape

LSTMZOO = (sys.executable, "-c", "from lstm_zoo.cli import main; main()")


class Answer:
    """What a command answered.

    Args:
        code: Exit status.
        out: Standard output.
        err: Standard error.
        peak: Greatest memory it held, in bytes.
        home: Folder in which it ran.
        here: Folder of the case's inputs.
    """

    def __init__(self, code: int, out: str, err: str, peak: int, home: Path, here: Path):
        self.code, self.peak, self.home, self.here = code, peak, home, here
        self.out = out
        self.said = " ".join((out + err).split())

    @cached_property
    def facts(self) -> dict[str, Any]:
        """Its JSON; empty where it has none."""
        return json.loads(self.out) if self.out.startswith("{") else {}


Claim = Callable[[Answer], bool]


class Step(NamedTuple):
    """One command."""

    words: Sequence[str]
    """Those behind `lstmzoo`; HERE stands for the inputs of the case, MADE for those of all."""
    claims: Sequence[Claim]
    """What is to be true of its answer; none: it ends with 0, as others need it."""


class Case(NamedTuple):
    """Files of one kind that other people have."""

    right: str
    """What is right, in a line."""
    steps: Sequence[Step]
    files: Mapping[str, str] = {}
    """What a user would write beside them: text files in the folder where the commands run."""


class Outcome(NamedTuple):
    """What came of a step."""

    step: Step
    right: bool
    came: str


def tried(case: Case, made: Path, here: Path, home: Path) -> list[Outcome]:
    """Run the commands of a case in a folder of its own."""
    home.mkdir(parents=True, exist_ok=True)
    for name, text in case.files.items():
        (home / name).write_text(text.replace("HERE", str(here)), encoding="utf-8")
    outcomes = []
    for step in case.steps:
        words = [word.replace("HERE", str(here)).replace("MADE", str(made)) for word in step.words]
        answer = answered(words, home, here)
        outcomes.append(Outcome(step, _holds(step, answer), _came(step, answer)))
    return outcomes


def answered(words: Sequence[str], home: Path, here: Path) -> Answer:
    """Run one command, and wait for it."""
    environment = os.environ | {"TFDS_DATA_DIR": str(home / "prepared"), "COLUMNS": "1000"}
    with (home / "out.txt").open("w+") as out, (home / "err.txt").open("w+") as err:
        process = subprocess.Popen((*LSTMZOO, *words), cwd=home, env=environment, stdout=out, stderr=err)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        texts = [Path(file.name).read_text(encoding="utf-8", errors="replace") for file in (out, err)]
    kilobytes = used.ru_maxrss // 1024 if sys.platform == "darwin" else used.ru_maxrss
    return Answer(process.returncode, *texts, kilobytes * 1024, home, here)


def _holds(step: Step, answer: Answer) -> bool:
    """Say whether all claims hold; one that finds its facts missing does not."""
    if not step.claims:
        return answer.code == 0
    try:
        return all(claim(answer) for claim in step.claims)
    except (KeyError, IndexError, FileNotFoundError, ValueError):
        return False


def _came(step: Step, answer: Answer) -> str:
    command = shlex.join(step.words)
    told = re.sub(r'"(files|examples|near_training)": \[.*?\](?=, "|\})', "", answer.said)
    return escape(f"lstmzoo {command}\nended with {answer.code}: {told[:600]}")
