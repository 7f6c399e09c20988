"""Scores of captions against what people wrote: BLEU, ROUGE-L, CIDEr-D, METEOR and SPICE, by pycocoevalcap.

BLEU: Papineni et al., ACL 2002. ROUGE-L: Lin, ACL workshop 2004. CIDEr-D: Vedantam et al., CVPR 2015, 1411.5726.
METEOR: Denkowski and Lavie, WMT 2014. SPICE: Anderson et al., ECCV 2016, 1607.08822.
"""

from __future__ import annotations

import os
import re
import string
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..console.text import first_line
from ..contracts import InputError
from ..media.patience import network_patience

if TYPE_CHECKING:
    import numpy as np

TOKENIZATIONS = {
    "simple": "lower case, punctuation removed",
    "ptb": "Stanford's PTB tokenizer (Java), punctuation removed",
}
"""The ways to cut a caption into words, with what to print beside figures: they differ between the two."""

_SIMPLE = str.maketrans(string.ascii_uppercase, string.ascii_lowercase, string.punctuation)

_JAVA_OPTIONS = {
    # METEOR cannot read its own parameters where the system's language writes 0.5 as 0,5.
    "JAVA_TOOL_OPTIONS": "-Duser.language=en -Duser.country=US -Dfile.encoding=UTF-8",
    # SPICE stores parsed captions by a library that looks inside Java's own classes: Java 16 and later ask for leave.
    # Java 8 does not know the option, nor does it read this variable.
    "JDK_JAVA_OPTIONS": " ".join(
        f"--add-opens=java.base/java.{package}=ALL-UNNAMED"
        for package in ("lang", "math", "net", "text", "util", "util.concurrent")
    ),
}


class CaptionScores(NamedTuple):
    """The figures of a set of captions."""

    figures: dict[str, float]
    """bleu1 to bleu4, rouge_l and cider, and meteor and spice where Java could work them out. CIDEr goes up to 10."""
    cider: np.ndarray
    """CIDEr of each image, (images,)."""
    tokenization: str
    """How captions were cut into words; a key of `TOKENIZATIONS`."""


def caption_scores(
    captions: Sequence[str],
    references: Sequence[Sequence[str]],
    tokenization: str = "simple",
    java: Collection[str] = (),
) -> CaptionScores:
    """Score one caption an image.

    CIDEr weighs words by the number of images whose references have them, here the images that are given: scores of
    other or smaller splits are not comparable, those of a few images mean little, and that of a single image is 0.

    Args:
        captions: The caption of each image; an empty one scores 0.
        references: What people wrote about each image, one text at least.
        tokenization: A key of `TOKENIZATIONS`.
        java: Which of `meteor` and `spice` to give as well, where there is Java. METEOR takes seconds to start; SPICE
            takes minutes and gigabytes, and 385 MB of models are fetched the first time.

    Raises:
        InputError: pycocoevalcap is missing, no reference has a word, or the PTB tokenizer does not run here.
    """
    assert len(captions) == len(references) > 0 and all(len(texts) > 0 for texts in references)
    assert tokenization in TOKENIZATIONS
    missing = missing_package()
    if missing:
        raise InputError("", missing)
    tokenize = _ptb_texts if tokenization == "ptb" else _simple_texts
    texts = tokenize([[caption, *of_image] for caption, of_image in zip(captions, references, strict=True)])
    candidates = {image: row[:1] for image, row in enumerate(texts)}
    truths = {image: row[1:] for image, row in enumerate(texts)}
    if not any(text.strip() for row in truths.values() for text in row):
        raise InputError("data", "none of the reference captions has a word")  # CIDEr does not take that
    figures, cider = _python_figures(truths, candidates)
    if java and java_is_here():
        figures |= _java_figures(java, truths, candidates)
    return CaptionScores(figures, cider, tokenization)


def simple_tokens(text: str) -> list[str]:
    """Return the words of a text: lower case, punctuation removed, split on white space.

    As `keras.layers.TextVectorization` does it by default, to the letter: other alphabets than ASCII's keep their
    capitals and their punctuation.
    """
    return re.findall(r"[^ \t\n\v\f\r]+", text.translate(_SIMPLE))


def java_is_here() -> bool:
    """Return whether there is a Java that starts; macOS has a program of that name that only asks for one."""
    try:
        return subprocess.run(["java", "-version"], capture_output=True).returncode == 0
    except OSError:
        return False


def missing_package() -> str | None:
    """Return how to get pycocoevalcap, or None where it is installed."""
    try:
        import pycocoevalcap.cider.cider  # noqa: F401
    except ImportError:
        return "scores of captions need the package pycocoevalcap: pip install 'lstm-zoo[captions]'"
    return None


def _simple_texts(rows: list[list[str]]) -> list[list[str]]:
    """Return texts as their words with a space between."""
    return [[" ".join(simple_tokens(text)) for text in row] for row in rows]


def _ptb_texts(rows: list[list[str]]) -> list[list[str]]:
    """Return texts as their words with a space between, by one run of Stanford's tokenizer."""
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


def _python_figures(
    truths: dict[int, list[str]], candidates: dict[int, list[str]]
) -> tuple[dict[str, float], np.ndarray]:
    """Return the figures that need no Java, and CIDEr of each image."""
    from pycocoevalcap.bleu.bleu import Bleu
    from pycocoevalcap.cider.cider import Cider
    from pycocoevalcap.rouge.rouge import Rouge

    bleu, _ = Bleu(4).compute_score(truths, candidates, verbose=0)  # of the whole set, closest reference length
    rouge, _ = Rouge().compute_score(truths, candidates)
    cider, cider_of_image = Cider().compute_score(truths, candidates)
    figures = {f"bleu{n}": float(value) for n, value in enumerate(bleu, start=1)}
    return figures | {"rouge_l": float(rouge), "cider": float(cider)}, cider_of_image


def _java_figures(
    names: Collection[str], truths: dict[int, list[str]], candidates: dict[int, list[str]]
) -> dict[str, float]:
    """Return METEOR and SPICE as far as they run here; the reason why not goes to standard error."""
    figures = {}
    for name in names:
        score = {"meteor": _meteor, "spice": _spice}[name]
        try:
            with _java_options():
                figures[name] = score(truths, candidates)
        except Exception as error:  # no network, a folder that cannot be written, too little memory: the rest stands
            print(f"{name.upper()} is left out: {first_line(error)}", file=sys.stderr)
    return figures


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
    print("Fetching the models of SPICE (385 MB, once)", file=sys.stderr)
    try:
        with network_patience(), _hushed():
            models.get_stanford_models()
    finally:
        urllib.request.urlcleanup()  # half an archive


@contextmanager
def _java_options() -> Iterator[None]:
    """Give every Java that is started inside the options that the programs need."""
    before = {name: os.environ.get(name) for name in _JAVA_OPTIONS}
    os.environ.update({name: f"{before[name] or ''} {options}".strip() for name, options in _JAVA_OPTIONS.items()})
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


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
