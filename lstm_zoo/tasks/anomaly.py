"""Anomalies: how little normal each frame of a film is, judged by areas under curves and by false alarms."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field, NonNegativeInt

from ..console.visible import tell
from ..contracts import (
    PLACES,
    SCORE,
    Judge,
    Judged,
    Meaning,
    Memory,
    Normal,
    Objective,
    Outputs,
    Predictor,
    Result,
    Spec,
    TaskConfig,
    Watcher,
)
from .alarms import told
from .live_alarms import LiveAlarms
from .metrics.detection import threshold_at
from .metrics.film_scores import FilmScores
from .metrics.threshold import THRESHOLD, Threshold, threshold_in

if TYPE_CHECKING:
    import keras

_MEAN_FRAME = "mean_frame"  # name of the mean normal frame in what a run keeps
_SQUARED_GREYS = 255.0**2
"""Errors of values from 0 to 1 are learned in squared grey levels: those of 1e-4 have gradients in first layers that
are no larger than Adam's epsilon."""


class Anomaly(TaskConfig):
    """A score for every frame of a film, the higher the less normal; a threshold by false alarms an hour."""

    target: ClassVar[str] = "normal"
    monitor: ClassVar[str] = "val_loss"
    monitor_mode: ClassVar[str] = "min"
    headline: ClassVar[str] = "auc"
    exported_keys: ClassVar[frozenset[str]] = frozenset({"largest"})
    calibrates: ClassVar[bool] = True
    kind: Literal["anomaly"] = "anomaly"
    largest: NonNegativeInt = 0
    """The score of a frame is the mean of so many of its places, the least normal ones; 0: of all."""
    smoothing: Annotated[float, Field(gt=0, le=1)] = 0.25
    """Weight of a frame in the running mean of scores, which looks at no later frame; 1 smooths nothing. Floors' scores
    are smoothed alike."""
    alarms_an_hour: Annotated[float, Field(gt=0)] = 1.0
    """False alarms an hour of held-out normal film that the threshold allows."""

    def objective(self, spec: Spec, truths: Callable[[], Iterable[Any]]) -> Objective:
        """Return the mean of the map, an error, in squared grey levels.

        Where there are tempos, the map is of logits: the cross-entropy of its places with the clip's.
        """
        from keras import ops

        assert isinstance(spec.target, Normal)
        if not spec.target.tempos:

            def error(_: Any, places: Any) -> Any:
                return ops.mean(ops.multiply(ops.cast(places, "float32"), _SQUARED_GREYS), axis=(1, 2))

            return Objective(error, ())

        def loss(fast: Any, logits: Any) -> Any:
            fast = ops.broadcast_to(ops.reshape(ops.cast(fast, "float32"), (-1, 1, 1)), ops.shape(logits))
            logits = ops.cast(logits, "float32")
            return ops.mean(ops.softplus(logits) - fast * logits, axis=(1, 2))  # the cross-entropy, of logits

        return Objective(loss, ())

    def network(self, model: keras.Model, spec: Spec) -> keras.Model:
        """Return the network with a score, (B,), and the map that it is the mean of, (B, h, w)."""
        import keras
        from keras import ops

        answers: Any = model.output
        places: Any = ops.cast(answers, "float32")
        flat: Any = keras.layers.Flatten()(places)
        if self.largest:
            best: Any = ops.top_k(flat, self.largest)
            flat = best[0]
        score = ops.mean(flat, axis=-1)
        return keras.Model(model.input, {SCORE: score, PLACES: places}, name=model.name)

    def meanings(self, spec: Spec) -> dict[str, Meaning]:
        score = (
            "How little normal the last frame of the clip is, the higher the less. Events are where its running mean, "
            "s += smoothing * (score - s), lies above `threshold`; both stand beside this."
        )
        return {SCORE: Meaning(score), PLACES: Meaning("The same of each place of the frame.", ("rows", "columns"))}

    def memory(self, spec: Spec, training: Iterable[Judged]) -> Memory:
        """Return the mean frame of the normal films, (H, W, C)."""
        total, count = 0.0, 0
        for judged in training:
            frames = judged.truth["frames"]
            total, count = total + frames.sum(axis=0, dtype=float), count + len(frames)
        return {_MEAN_FRAME: np.asarray(total / max(count, 1), np.float32)}

    def judge(self, spec: Spec, memory: Memory | None = None) -> Judge:
        """Return a judge of the scores of stretches of films."""
        return FilmScores(self.smoothing, self._threshold(memory))

    def calibrated(self, held_out: Judge) -> Memory:
        """Return the threshold that allows so many false alarms in held-out normal films, and what it rests on."""
        assert isinstance(held_out, FilmScores)
        films = held_out.films()
        seconds = sum(len(film.scores) / film.fps for film in films)
        if self.alarms_an_hour * seconds < 3600:
            tell(
                f"the threshold allows no false alarm in the held-out films: they last {seconds:.0f} s, and "
                f"{self.alarms_an_hour:g} an hour is less than one in that time; more normal film makes it surer"
            )
        threshold = threshold_at([film.smoothed for film in films], seconds, self.alarms_an_hour)
        return {name: np.array(value) for name, value in {THRESHOLD: threshold, **self._behind_threshold}.items()}

    def floors(self, spec: Spec, memory: Memory) -> dict[str, Predictor]:
        """Return squared differences, to the frame before and to the mean normal frame, and the number of the frame."""
        mean = memory[_MEAN_FRAME]

        def of_mean_frame(judged: Judged) -> Outputs:
            frames = judged.truth["frames"][-len(judged.truth["flags"]) :]
            return _of_floor(np.mean((frames / 255 - mean / 255) ** 2, axis=(1, 2, 3)))

        def of_number(judged: Judged) -> Outputs:
            return _of_floor(judged.truth["first"] + np.arange(len(judged.truth["flags"]), dtype=float))

        return {
            "frame difference": lambda judged: _of_difference(judged, None),
            "its largest patch": lambda judged: _of_difference(judged, 16),
            "mean frame": of_mean_frame,
            "number of the frame": of_number,
        }

    def result(
        self, outputs: Outputs, spec: Spec, picture: np.ndarray | None = None, memory: Memory | None = None
    ) -> Result:
        """Return the events of a film with a table of scores, a curve and a film with the map laid over."""
        return told(outputs, picture, self._threshold(memory), self.smoothing)

    def watcher(self, spec: Spec, memory: Memory | None = None) -> Watcher:
        """Return what tells the score of each frame of a live film, and events as they begin and end."""
        return LiveAlarms(self.smoothing, self._threshold(memory))

    def to_read_outputs(self, memory: Memory | None) -> dict[str, Any]:
        """Return the threshold of smoothed scores, or null and why none is known, and the weight of a frame in them."""
        return {**self._threshold(memory).facts, "smoothing": self.smoothing}

    @property
    def _behind_threshold(self) -> dict[str, float]:
        return {name: getattr(self, name) for name in ("largest", "smoothing", "alarms_an_hour")}

    def _threshold(self, memory: Memory | None) -> Threshold:
        return threshold_in(memory, self._behind_threshold)


def _of_difference(judged: Judged, patch: int | None) -> Outputs:
    """Return how much each frame differs from the one before, (n,): NaN for the first of a film."""
    frames, num_frames = judged.truth["frames"].astype(np.float32) / 255, len(judged.truth["flags"])
    squared = np.mean(np.diff(frames, axis=0) ** 2, axis=-1)
    if patch is None:
        found = squared.mean(axis=(1, 2))
    else:
        patch = min(patch, *squared.shape[1:])
        rows, columns = (side // patch for side in squared.shape[1:])
        cells = squared[:, : rows * patch, : columns * patch].reshape(-1, rows, patch, columns, patch)
        found = cells.mean(axis=(2, 4)).max(axis=(1, 2))
    return _of_floor(np.concatenate([np.full(num_frames - len(found), np.nan), found]))


def _of_floor(scores: np.ndarray) -> Outputs:
    """Return the scores of a stretch; the run's threshold is not theirs."""
    return {SCORE: scores, THRESHOLD: np.nan}
