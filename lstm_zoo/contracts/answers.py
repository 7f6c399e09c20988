"""What a network in use answers: outputs by their names, and what people are told of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PROBABILITIES = "probabilities"
"""Name of the output that holds probabilities of classes."""
LOG_PROBABILITIES = "log_probabilities"
"""Name of the output that holds log probabilities of letters and of the blank, the last one, at each step."""
FRAMES = "frames"
"""Name of the output that holds the frames that follow a clip, (B, horizon, H, W, C) float32 from 0 to 1."""
KNOWN_FRAMES = "known_frames"
"""Name of what is foretold of frames that are known, in predictions."""
SCORE = "score"
"""Name of the output that says how little normal the last frame of a clip is, (B,) float32."""
PLACES = "places"
"""Name of the output that says so of its places, (B, h, w) float32."""

Outputs = dict[str, Any]
"""What a network in use answers, by name: arrays of one example, or with the batch axis in front."""


class Meaning(NamedTuple):
    """What an output holds, for those who read exported files."""

    text: str
    """What stands there and how it is read, in a sentence or two."""
    axes: tuple[str, ...] = ()
    """What its axes count, that of the batch left out."""
    facts: dict[str, Any] = {}
    """The same for programs, ready for JSON: `labels`, where in the settings its numbers' names stand, say."""


def unbatched(batches: Iterable[Outputs]) -> Iterator[Outputs]:
    """Yield the rows of batches of outputs."""
    for batch in batches:
        for values in zip(*batch.values(), strict=True):
            yield dict(zip(batch, values, strict=True))


class Result(NamedTuple):
    """One answer for people."""

    answer: str
    """The answer in a word or a sentence."""
    facts: dict[str, Any]
    """All that is known of it, ready for JSON."""
    text: str
    """The answer with what matters of the rest, on one line or a few."""
    files: dict[str, bytes] = {}
    """What is worth a file of its own: contents by the ends of their names."""
    figure: Callable[[], Figure] | None = None
    """Draws the answer over what was asked."""
