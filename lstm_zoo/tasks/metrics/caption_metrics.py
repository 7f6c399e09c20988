"""Scores of captions against what people wrote: BLEU, ROUGE-L, CIDEr-D, METEOR and SPICE, by pycocoevalcap.

BLEU: Papineni et al., ACL 2002. ROUGE-L: Lin, ACL workshop 2004. CIDEr-D: Vedantam et al., CVPR 2015, 1411.5726.
METEOR and SPICE are those of `java_metrics`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ...contracts import InputError
from ...contracts.words import Split, words_in
from .java_metrics import java_is_here, java_scores, ptb_texts

if TYPE_CHECKING:
    import numpy as np

TOKENIZATIONS = {
    "simple": "lower case, punctuation removed",
    "ptb": "Stanford's PTB tokenizer (Java), punctuation removed",
}
"""The ways to cut a caption into words, with what to print beside scores: they differ between the two."""


class CaptionScores(NamedTuple):
    """The scores of a set of captions."""

    of_set: dict[str, float]
    """bleu1 to bleu4, rouge_l and cider, and meteor and spice where Java could work them out. CIDEr goes up to 10."""
    cider: np.ndarray
    """CIDEr of each image, (images,)."""


def caption_scores(
    captions: Sequence[str],
    references: Sequence[Sequence[str]],
    tokenization: str = "simple",
    java: Collection[str] = (),
    split: Split = "blanks",
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
        split: How all texts are cut into words; of characters, each counts as one.

    Raises:
        InputError: pycocoevalcap is missing, no reference has a word, or the PTB tokenizer does not run here.
    """
    assert len(captions) == len(references) > 0 and all(len(texts) > 0 for texts in references)
    assert tokenization in TOKENIZATIONS
    if missing := missing_package():
        raise InputError("", missing)
    rows = [[caption, *of_image] for caption, of_image in zip(captions, references, strict=True)]
    if tokenization == "simple" or split == "characters":
        rows = [[" ".join(words_in(text, split)) for text in row] for row in rows]
    texts = ptb_texts(rows) if tokenization == "ptb" else rows
    candidates = {image: row[:1] for image, row in enumerate(texts)}
    truths = {image: row[1:] for image, row in enumerate(texts)}
    if not any(text.strip() for row in truths.values() for text in row):
        raise InputError("data", "none of the reference captions has a word")  # CIDEr does not take that
    scores = _python_scores(truths, candidates)
    if java and java_is_here():
        scores.of_set.update(java_scores(java, truths, candidates))
    return scores


def missing_package() -> str | None:
    """Return how to get pycocoevalcap, or None where it is installed."""
    try:
        import pycocoevalcap.cider.cider  # noqa: F401
    except ImportError:
        return "scores of captions need the package pycocoevalcap: pip install 'lstm-zoo[captions]'"
    return None


def _python_scores(truths: dict[int, list[str]], candidates: dict[int, list[str]]) -> CaptionScores:
    """Return the scores that need no Java."""
    from pycocoevalcap.bleu.bleu import Bleu
    from pycocoevalcap.cider.cider import Cider
    from pycocoevalcap.rouge.rouge import Rouge

    bleu, _ = Bleu(4).compute_score(truths, candidates, verbose=0)  # of the whole set, closest reference length
    rouge, _ = Rouge().compute_score(truths, candidates)
    cider, cider_of_image = Cider().compute_score(truths, candidates)
    of_set = {f"bleu{n}": float(value) for n, value in enumerate(bleu, start=1)}
    return CaptionScores(of_set | {"rouge_l": float(rouge), "cider": float(cider)}, cider_of_image)
