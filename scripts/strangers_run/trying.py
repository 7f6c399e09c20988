"""How an attempt is made: commands in processes of their own, with and without a terminal, and what is lost by them."""

from __future__ import annotations

import os
import pty
import re
import shlex
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple

from tensorflow_datasets.core import constants

import lstm_zoo.reporting
from lstm_zoo.cli import main

LIMIT = 60.0  # seconds a command
OUTSIDE, RUN, CACHE = "outside", "run", "cache"
MARK = "PWNED"
"""What hostile text shows where it is obeyed: behind what moves the cursor, and as an element of a page."""
_RICH = re.compile(r"\x1b\[([0-9;]*m|\?25[lh]|1A|2K)|\r\x1b\[2K|\r(?=\n)")
_PAGES = Path(lstm_zoo.reporting.__file__).parent.glob("*.jinja")
_TAGS = frozenset(tag for page in _PAGES for tag in re.findall(r"<([a-z0-9]+)", page.read_text()))


class Step(NamedTuple):
    """One command."""

    words: Sequence[str] | str
    """Those behind `lstmzoo`; or a line for a shell, in which LSTMZOO stands for that."""
    says: str = ""
    """Pattern that has to be found in what it says."""
    statuses: Sequence[int] = (2,)
    """Exit statuses that are right."""
    terminal: bool = False
    """Whether it speaks to a terminal."""


class Attempt(NamedTuple):
    """What a stranger tries."""

    what: str
    make: Callable[[Path], Sequence[Step]]
    """Makes it in a folder, which is where the commands run."""


class Outcome(NamedTuple):
    """What came of an attempt."""

    lost: list[str]
    said: str
    """The last command's last line."""


class Ended(NamedTuple):
    """How a command ended."""

    status: int
    seconds: float
    said: bytes


def tried(attempt: Attempt, home: Path) -> Outcome:
    """Make an attempt in a new folder."""
    (home / OUTSIDE).mkdir(parents=True)
    (home / OUTSIDE / "secret.txt").write_text("secret")
    steps = attempt.make(home)
    before, lost, said = _state(home / OUTSIDE), [], ""
    for step in steps:
        ended = _run(step, home)
        said = ended.said.decode(errors="backslashreplace")
        command = step.words if isinstance(step.words, str) else shlex.join(step.words)
        lost += [f"{command[:300]}: {wrong}" for wrong in _wrong(step, ended, said)]
    if _state(home / OUTSIDE) != before:
        lost.append("something was written outside")
    lost += [f"{page.name}: {wrong}" for page in home.rglob("*.html") for wrong in _wrong_in_page(page)]
    lines = said.split('\n{"')[0].strip().splitlines() or [""]
    return Outcome(lost, lines[-1])


def _wrong(step: Step, ended: Ended, said: str) -> list[str]:
    """Return in words what is wrong with a command's answer."""
    wrong = []
    if ended.status not in step.statuses:
        wrong.append(f"ended with {ended.status}")
    if ended.seconds > LIMIT:
        wrong.append(f"took {ended.seconds:.0f} s")
    if "Traceback" in said:
        wrong.append("a traceback")
    if not re.search(step.says, said):
        wrong.append(f"does not say {step.says!r}")
    plain = _RICH.sub("", said) if step.terminal else said
    if told := sorted({one for one in plain if not (one.isprintable() or one in "\n\u200c\u200d")}):
        wrong.append(f"speaks to the terminal: {told}")
    if re.search(rf"^\s*{MARK}", plain, re.MULTILINE):
        wrong.append("a name begins a line")
    return [f"{one}; said: {said[-600:]!a}" for one in wrong]


class _Elements(HTMLParser):
    """Collects what a page holds beyond its own kinds of elements."""

    def __init__(self) -> None:
        super().__init__()
        self.foreign: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take an element."""
        scripts = [name for name, value in attrs if name.startswith("on") or "javascript:" in (value or "")]
        if tag not in _TAGS or scripts or any(MARK in (value or "") for name, value in attrs if name != "alt"):
            self.foreign.append(f"<{tag} {attrs}>"[:200])


def _wrong_in_page(page: Path) -> list[str]:
    parser, text = _Elements(), page.read_text(encoding="utf-8")
    parser.feed(text)
    control = sorted({one for one in text if not (one.isprintable() or one in "\n\u200c\u200d")})
    return [f"an element {one}" for one in parser.foreign] + [f"control characters {control}"] * bool(control)


def _state(folder: Path) -> Mapping[str, tuple[int, int]]:
    """Return what lies in a folder, by which a change is noticed."""
    found = {path: path.lstat() for path in [folder, *sorted(folder.rglob("*"))]}
    return {str(path): (state.st_size, state.st_mtime_ns) for path, state in found.items()}


def _run(step: Step, home: Path) -> Ended:
    """Run a command in a process that is forked from this one, which has imported TensorFlow."""
    reader, writer = pty.openpty() if step.terminal else os.pipe()
    begun = time.monotonic()
    process = os.fork()
    if not process:
        _become(step, home, reader, writer)
    os.close(writer)
    clock = threading.Timer(LIMIT + 5, os.killpg, (process, signal.SIGKILL))
    clock.start()
    said = bytearray()
    while some := _read(reader):
        said += some
    _, status = os.waitpid(process, 0)
    clock.cancel()
    os.close(reader)
    return Ended(os.waitstatus_to_exitcode(status), time.monotonic() - begun, bytes(said))


def _read(reader: int) -> bytes:
    try:
        return os.read(reader, 2**16)
    except OSError:  # so a terminal ends
        return b""


def _become(step: Step, home: Path, reader: int, writer: int) -> None:
    """Become the command; never returns."""
    status = 1
    try:
        os.setsid()
        os.close(reader)
        os.chdir(home)
        os.environ |= {
            "TFDS_DATA_DIR": str(home / CACHE),
            "COLUMNS": "200",
            "TERM": "xterm-256color" if step.terminal else "dumb",
            "PATH": f"{home / 'bin'}{os.pathsep}{os.environ['PATH']}",
        }
        constants.DATA_DIR = os.environ["TFDS_DATA_DIR"]  # read where TFDS was imported, before the fork
        for stream in (1, 2):
            os.dup2(writer, stream)
        if isinstance(step.words, str):
            command = shlex.join([sys.executable, "-c", "from lstm_zoo.cli import main; main()"])
            os.execvp("bash", ["bash", "-o", "pipefail", "-c", step.words.replace("LSTMZOO", command)])
        sys.argv = ["lstmzoo", *step.words]
        main()
        status = 0
    except SystemExit as end:
        status = int(end.code or 0)
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
