"""Forecasting: the frames that follow a clip, judged by squared and absolute errors, SSIM and PSNR beside floors.

Black beats the copy of the last frame where little is bright and much moves: both are floors, and the mean frame too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from ..contracts import (
    COLOURS,
    FRAMES,
    KNOWN_FRAMES,
    Figures,
    Frames,
    Judge,
    Judged,
    Meaning,
    Memory,
    Objective,
    Outputs,
    Pictures,
    Predictor,
    Result,
    Spec,
    TaskConfig,
)
from .metrics.frame_metrics import GAUSS, UNIFORM, absolute, psnr, squared, ssim, ssim_openstl

if TYPE_CHECKING:
    import keras
    from matplotlib.figure import Figure

_MEAN = "mean"  # name of the mean frame among what is known of training
_FIRST, _EXTREMES = 3, 2  # examples in the report: so many of the first, of the best and of the worst
_FPS = 10.0  # of films whose own rate is not known


class Forecasting(TaskConfig):
    """The frames that follow; MSE and MAE summed over a frame's pixels, SSIM and PSNR, by horizon."""

    target: ClassVar[str] = "frames"
    monitor: ClassVar[str] = "val_loss"
    monitor_mode: ClassVar[str] = "min"
    headline: ClassVar[str] = "psnr"
    exported_keys: ClassVar[frozenset[str]] = frozenset({"absolute_weight"})
    kind: Literal["forecasting"] = "forecasting"
    loss: Literal["cross_entropy", "squared"] = "cross_entropy"
    """What is made small, over all pixels: the cross-entropy of the brightness, or the squared error."""
    absolute_weight: Annotated[float, Field(ge=0, le=10)] = 0.0
    """Weight a of the absolute error, beside the squared one, in what the frames that are given make small. With 0 they
    are the mean of what may come: a grey haze where a digit may be in several places. A pixel that will be white with
    probability p, else black, has the least sum of both at p + a (p - 1/2), within 0 and 1: haze becomes black."""

    def objective(self, spec: Spec, truths: Callable[[], Iterable[np.ndarray]]) -> Objective:
        """Return the loss of all pixels, and errors summed over the pixels of a frame."""
        from .metrics.frame_errors import FrameError, frame_loss

        return Objective(frame_loss(self.loss), [FrameError(2, "mse"), FrameError(1, "mae")])

    def network(self, model: keras.Model, spec: Spec) -> keras.Model:
        """Return the network from clips to brightness, (B, horizon, H, W, C) from 0 to 1; it knows no later frame."""
        import keras
        from keras import ops

        from ..layers.frames.next_frames import NextFrames

        named: Any = model.input
        logits = model.output
        for layer in model.layers:
            if isinstance(layer, NextFrames):
                logits = layer(layer.input[0])
        clips = {name: tensor for name, tensor in named.items() if name not in spec.hints}
        frames: Any = ops.sigmoid(logits)  # the mean of what may come
        if self.absolute_weight:
            frames = keras.layers.ReLU(1.0, name="frames")(frames + self.absolute_weight * (frames - 0.5))
        return keras.Model(clips, {FRAMES: frames}, name=model.name)

    def meanings(self, spec: Spec) -> dict[str, Meaning]:
        told = "The frames that follow the clip, the next one first: brightness from 0 to 1."
        axes, colours = ("frames", "height", "width", "channels"), COLOURS[_target(spec).channels]
        return {FRAMES: Meaning(told, axes, {"range": [0, 1], "channels": colours})}

    def judge(self, spec: Spec, memory: Memory | None = None) -> Judge:
        """Return a judge of frames against those that followed."""
        return _FrameJudge(_target(spec), {} if memory is None else self.floors(spec, memory))

    def memory(self, spec: Spec, training: Iterable[Judged]) -> Memory:
        """Return the mean of all frames that training shows, (H, W, C) from 0 to 1."""
        horizon, total, count = _target(spec).horizon, np.zeros(_target(spec).shape[1:]), 0
        for judged in training:
            shown = judged.truth[:-horizon]
            total, count = total + shown.sum(axis=0), count + len(shown)
        return {_MEAN: (total / (255 * count)).astype(np.float32)}

    def floors(self, spec: Spec, memory: Memory) -> dict[str, Predictor]:
        """Return three predictors that give the same frame for all that follow: black, the mean, or the last one."""
        horizon, shape = _target(spec).horizon, _target(spec).shape
        black, mean = np.zeros(shape, np.float32), np.broadcast_to(memory[_MEAN], shape)

        def last(judged: Judged) -> Outputs:
            return {FRAMES: np.broadcast_to(judged.truth[-horizon - 1] / np.float32(255), shape)}

        return {
            "black": lambda judged: {FRAMES: black},
            "mean frame": lambda judged: {FRAMES: mean},
            "last frame": last,
        }

    def result(
        self, outputs: Outputs, spec: Spec, picture: np.ndarray | None = None, memory: Memory | None = None
    ) -> Result:
        """Return the frames that are coming as films, or the scores of a window whose future is known."""
        target = _target(spec)
        if FRAMES not in outputs:
            assert picture is not None
            scores = {name: float(values.mean()) for name, values in _scores(outputs[KNOWN_FRAMES], picture).items()}
            return Result(", ".join(f"{name} {value:.4g}" for name, value in scores.items()), scores, "")
        facts: dict[str, Any] = {"frames": target.horizon}
        told = f"{target.horizon} frames"
        if target.step_seconds:
            facts["seconds"] = round(target.horizon * target.step_seconds, 4)
            told += f", {facts['seconds']:g} s"
        if picture is None:
            return Result(told, facts, told)
        return Result(told, facts, f"{told} behind its end", *_films(outputs, target, picture))


class _FrameJudge(Judge):
    """Scores of foretold frames; of the frames themselves, those of a few examples are kept.

    Args:
        target: What is foretold.
        floors: Predictors whose errors are drawn beside the scores.
    """

    def __init__(self, target: Frames, floors: dict[str, Predictor]):
        self._target, self._floors = target, floors
        self._means: list[dict[str, float]] = []  # scores of each example, means over its frames
        self._sums: dict[str, np.ndarray] = {}  # scores of each frame ahead, summed over examples
        self._of_floors: dict[str, dict[str, np.ndarray]] = {name: {} for name in floors}
        self._kept: dict[int, tuple[str, np.ndarray, np.ndarray]] = {}

    def add(self, outputs: Outputs, judged: Judged) -> None:
        """Take the frames that are foretold for one clip."""
        scores = _scores(outputs[FRAMES], judged.truth)
        self._means.append({name: float(values.mean()) for name, values in scores.items()})
        for name, values in scores.items():
            self._sums[name] = self._sums.get(name, 0) + values.astype(float)
        truth = judged.truth[-self._target.horizon :] / np.float32(255)
        for floor, predict in self._floors.items():
            frames, sums = predict(judged)[FRAMES], self._of_floors[floor]
            for name, error in (("mse", squared), ("mae", absolute)):
                sums[name] = sums.get(name, 0) + error(frames, truth)
        number = len(self._means) - 1
        self._kept[number] = judged.name, judged.truth, _bytes(outputs[FRAMES])
        order = self._kept_from_best()
        wanted = {*range(_FIRST), *order[:_EXTREMES], *order[-_EXTREMES:]}
        self._kept = {number: kept for number, kept in self._kept.items() if number in wanted}

    def scores(self) -> dict[str, Any]:
        """Return the mean scores, those of each frame ahead, and what they mean."""
        by_horizon = self._by_horizon()
        return {
            "examples": len(self._means),
            **{name: float(values.mean()) for name, values in by_horizon.items()},
            "by_horizon": {name: values.tolist() for name, values in by_horizon.items()},
            "remarks": list(self._definitions()),
        }

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield the scores of each example, means over its frames."""
        for means in self._means:
            yield {name: f"{mean:.4f}" for name, mean in means.items()}

    def figures(self, pictures: Pictures) -> Figures:
        """Yield the scores by horizon beside the floors', and examples: the first, the best and the worst by MSE."""
        from .figures.frame_strips import frame_strips
        from .figures.horizon_curves import horizon_curves

        count = len(self._means)
        curves = {name: values for name, values in self._by_horizon().items() if name != "ssim_openstl"}
        floors = {name: {score: sums / count for score, sums in of.items()} for name, of in self._of_floors.items()}
        yield "Scores by how far ahead a frame is", "by-horizon", horizon_curves(curves, floors)
        order, horizon = self._kept_from_best(), self._target.horizon
        named = [(f"Example {number + 1}", number) for number in range(min(_FIRST, count))]
        named += [(f"Best {rank}", number) for rank, number in enumerate(order[:_EXTREMES], 1)]
        named += [(f"Worst {rank}", number) for rank, number in enumerate(order[::-1][:_EXTREMES], 1)]
        for title, number in named:
            name, truth, predicted = self._kept[number]
            rows = {"shown": truth[:-horizon], "truth": truth[-horizon:], "foretold": predicted}
            told = f"{title}: {name}, MSE {self._means[number]['mse']:.1f}"
            yield told, title.lower().replace(" ", "-"), frame_strips(rows, len(truth) - horizon)

    def _by_horizon(self) -> dict[str, np.ndarray]:
        return {name: sums / len(self._means) for name, sums in self._sums.items()}

    def _kept_from_best(self) -> list[int]:
        """Return the numbers of the examples that are kept, the best first."""
        return sorted(self._kept, key=lambda number: self._means[number]["mse"])

    def _definitions(self) -> Iterator[str]:
        yield (
            "mse, mae: sums over the pixels and channels of a frame, values from 0 to 1; means over frames and examples"
        )
        yield "psnr: of the mean squared error of each frame, in dB, 100 at the most"
        if "ssim" not in self._sums:
            yield f"ssim is left out: its window of {GAUSS} x {GAUSS} pixels does not fit into the frames"
            return
        yield (
            f"ssim: Gaussian window of {GAUSS} x {GAUSS} pixels, range 1; ssim_openstl: {UNIFORM} x {UNIFORM} pixels "
            "alike, range 2, as OpenSTL's published figures: compare these with that column alone"
        )


def _target(spec: Spec) -> Frames:
    assert isinstance(spec.target, Frames), spec.target.kind
    return spec.target


def _scores(predicted: np.ndarray, window: np.ndarray) -> dict[str, np.ndarray]:
    """Return the scores of each foretold frame by name, given a window that ends with the true ones (uint8)."""
    truth = window[-len(predicted) :] / np.float32(255)
    scores = {"mse": squared(predicted, truth), "mae": absolute(predicted, truth)}
    if min(truth.shape[1:3]) >= GAUSS:
        clipped = predicted.clip(0, 1)
        scores |= {"ssim": ssim(clipped, truth), "ssim_openstl": ssim_openstl(clipped, truth)}
    return {**scores, "psnr": psnr(predicted, truth)}


def _bytes(frames: np.ndarray) -> np.ndarray:
    """Return frames from 0 to 1 as uint8."""
    return np.rint(255 * frames.clip(0, 1)).astype(np.uint8)


def _films(outputs: Outputs, target: Frames, picture: np.ndarray) -> tuple[dict[str, bytes], Callable[[], Figure]]:
    """Return the coming frames as a film of its size, the film beside what is foretold, and a figure of both."""
    from ..media.films.writing import gif_of, mp4_of
    from .figures.forecast_film import beside, for_screens, in_size
    from .figures.frame_strips import frame_strips

    fps, size = 1 / target.step_seconds if target.step_seconds else _FPS, picture.shape[1:3]
    coming = in_size(outputs[FRAMES], size)
    known = in_size(outputs[KNOWN_FRAMES], size) if KNOWN_FRAMES in outputs else None
    both = beside(picture, known, coming)
    files = {
        "forecast.mp4": mp4_of(coming, fps),
        "beside.mp4": mp4_of(both, fps),
        "animation.gif": gif_of(for_screens(both), fps),
    }
    rows = {"shown": picture if known is None else picture[: -len(known)]}
    if known is not None:
        rows |= {"truth": picture[-len(known) :], "foretold": known}
    return files, lambda: frame_strips({**rows, "coming": coming}, len(rows["shown"]))
