"""What pycocoevalcap does by Java programs: Stanford's PTB tokenizer, METEOR and SPICE.

METEOR: Denkowski and Lavie, WMT 2014. SPICE: Anderson et al., ECCV 2016, 1607.08822.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from pathlib import Path

from ...console.text import first_line
from ...console.visible import tell
from ...contracts import InputError
from ...media.patience import network_patience

_OPTIONS = {
    # METEOR cannot read its own parameters where the system's language writes 0.5 as 0,5.
    "JAVA_TOOL_OPTIONS": "-Duser.language=en -Duser.country=US -Dfile.encoding=UTF-8",
    # SPICE stores parsed captions by a library that looks inside Java's own classes: Java 16 and later ask for leave.
    # Java 8 does not know the option, nor does it read this variable.
    "JDK_JAVA_OPTIONS": " ".join(
        f"--add-opens=java.base/java.{package}=ALL-UNNAMED"
        for package in ("lang", "math", "net", "text", "util", "util.concurrent")
    ),
}


def java_is_here() -> bool:
    """Return whether there is a Java that starts; macOS has a program of that name that only asks for one."""
    try:
        return subprocess.run(["java", "-version"], capture_output=True).returncode == 0
    except OSError:
        return False


def ptb_texts(rows: list[list[str]]) -> list[list[str]]:
    """Return texts as their words with a space between, by one run of Stanford's tokenizer.

    Raises:
        InputError: It does not run here.
    """
    from pycocoevalcap.tokenizer import ptbtokenizer

    key, mend = "task.tokenization", "set task.tokenization to simple"
    if not java_is_here():
        raise InputError(key, f"'ptb' needs Java, and the command java does not run; install a Java, or {mend}")
    # One text a line goes in and comes out: whatever Java takes for the end of a line would shift all that follow.
    lines = {i: [{"caption": " ".join(text.split())} for text in row] for i, row in enumerate(rows)}
    try:
        with _java_options(), _hushed():
            words = ptbtokenizer.PTBTokenizer().tokenize(lines)
    except OSError as error:
        folder = Path(ptbtokenizer.__file__).parent
        reason = f"'ptb' has to write a file into {folder} ({first_line(error)}); let it be written, or {mend}"
        raise InputError(key, reason) from None
    if [len(words.get(i, ())) for i in lines] != [len(row) for row in rows]:
        raise InputError(key, f"'ptb': Stanford's tokenizer did not give one line a caption; mend Java, or {mend}")
    return [words[i] for i in lines]


def java_scores(
    names: Collection[str], truths: dict[int, list[str]], candidates: dict[int, list[str]]
) -> dict[str, float]:
    """Return METEOR and SPICE as far as they run here; the reason why not goes to standard error."""
    scores = {}
    for name in names:
        score = {"meteor": _meteor, "spice": _spice}[name]
        try:
            with _java_options():
                scores[name] = score(truths, candidates)
        except Exception as error:  # no network, a folder that cannot be written, too little memory: the rest stands
            tell(f"{name.upper()} is left out: {first_line(error)}")
    return scores


def _meteor(truths: dict[int, list[str]], candidates: dict[int, list[str]]) -> float:
    """Return METEOR, and leave no process behind."""
    from pycocoevalcap.meteor.meteor import Meteor

    scorer = Meteor()
    process = scorer.meteor_p
    try:
        value, _ = scorer.compute_score(_in_one_line(truths), _in_one_line(candidates))
        return float(value)
    except (OSError, ValueError):
        raise RuntimeError("Java ended without a score") from None  # it says nothing of use itself
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            with suppress(OSError):  # words that did not get through
                pipe.close()
        if scorer.lock.locked():
            scorer.lock.release()  # a failure leaves it locked, and the scorer's destructor would wait for ever


def _in_one_line(texts: dict[int, list[str]]) -> dict[int, list[str]]:
    """Return texts without what METEOR takes for a border: ends of lines, and `|||`."""
    return {i: [" ".join(text.replace("|", " ").split()) for text in row] for i, row in texts.items()}


def _spice(truths: dict[int, list[str]], candidates: dict[int, list[str]]) -> float:
    """Return SPICE, an image that it gives no number counted as 0."""
    import numpy as np
    from pycocoevalcap.spice import spice

    _fetch_spice_models()
    place = spice.TEMP_DIR
    with tempfile.TemporaryDirectory() as folder, _hushed():
        spice.TEMP_DIR = folder  # a failure would leave files inside the package
        try:
            _, of_image = spice.Spice().compute_score(truths, candidates)
        finally:
            spice.TEMP_DIR = place
    return float(np.mean(np.nan_to_num([scores["All"]["f"] for scores in of_image])))


def _fetch_spice_models() -> None:
    """Fetch the models of SPICE's parser into pycocoevalcap, where they are not there yet.

    Raises:
        OSError: They cannot be had, or not be stored.
    """
    import urllib.request

    from pycocoevalcap.spice import get_stanford_models as models

    folder = Path(models.SPICEDIR, models.SPICELIB)
    if (folder / f"{models.JAR}-models.jar").is_file():
        return
    if not os.access(folder, os.W_OK):
        raise PermissionError(f"its models are missing, and {folder} cannot be written")
    tell("Fetching the models of SPICE (385 MB, once)")
    try:
        with network_patience(), _hushed():
            models.get_stanford_models()
    finally:
        urllib.request.urlcleanup()  # half an archive


@contextmanager
def _java_options() -> Iterator[None]:
    """Give every Java that is started inside the options that the programs need."""
    before = {name: os.environ[name] for name in _OPTIONS if name in os.environ}
    os.environ.update({name: f"{before.get(name, '')} {options}".strip() for name, options in _OPTIONS.items()})
    try:
        yield
    finally:
        for name in _OPTIONS:
            del os.environ[name]
        os.environ.update(before)


@contextmanager
def _hushed() -> Iterator[None]:
    """Drop what is printed inside, by child processes as well: `--json` stands alone on standard output."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept = os.dup(1), os.dup(2)
    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            for number, stream in enumerate(kept, start=1):
                os.dup2(stream, number)
                os.close(stream)
