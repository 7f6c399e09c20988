"""The proof of an export: the file's answers beside those of the run, on real examples."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from statistics import median
from typing import Any

import numpy as np
import tensorflow as tf

from ..contracts import InputError, Outputs, Spec, Splits, Tensor
from ..runs.lengths import cut_to_longest, filled_up, free_axis
from ..runs.network import Inputs, Network, RunNetwork, shown
from ..streaming.step import FRAME
from .comparison import compared
from .exported import ExportedNetwork
from .network import answering, for_any_length
from .options import ExportError
from .runtimes import SERVING
from .saved_model import FROM_ENCODED, NUMBERS

TOLERANCE = 1e-4
"""Largest difference of float32 outputs."""
STREAM_TOLERANCE = 1e-5
"""The same for one frame at a time."""
DROP = 0.01
"""Largest loss of a quantised file, in the task's `headline` score on the test split; its share of scores above 1."""
_EXAMPLES = 8
_FREE_SIDE = 16  # of stand-ins
_ROUNDS = 7  # measurements of latency; their median counts
_WARM_UP = 2

_Answers = Callable[[Inputs], Outputs]


def examples_of(run: Network) -> tuple[Inputs, str]:
    """Return inputs to compare answers on, (N, ...) each, and where they come from, for people.

    They are a few test examples, or random numbers where the data are not at hand; filled up to the length of the
    longest example of all splits.
    """
    try:
        splits, split = _loaded(run)
        longest = dict.fromkeys(run.spec.inputs, splits.longest())
        inputs = filled_up(next(shown(splits, split, _EXAMPLES)), run.spec, longest)
        return inputs, f"{_rows(inputs)} {split} examples"
    except InputError:
        random = np.random.default_rng(0)
        inputs = {name: _stand_ins(tensor, random) for name, tensor in run.spec.inputs.items()}
        for tensor in run.spec.inputs.values():
            if tensor.measured_by:
                inputs[tensor.measured_by] = random.integers(_FREE_SIDE // 2, _FREE_SIDE, _EXAMPLES).astype(np.int32)
        return inputs, f"{_EXAMPLES} examples of random numbers (the data are not at hand)"


def prove(run: RunNetwork, exported: ExportedNetwork, inputs: Inputs) -> dict[str, Any]:
    """Compare a file with the run it was made from.

    A quantised file is judged by the test split, and its differences are only told; where single frames are taken, each
    answer is compared with that to the clip cut off there.

    Returns:
        Differences, agreement and latencies, as `export.json` has them.

    Raises:
        ExportError: The file does not do what the run does.
    """
    streaming, quantized = exported.about["streaming"], exported.about["quantize"] != "none"
    with _full_precision():
        original = answering(for_any_length(run.used) if run.config.model.streams else run.used)
        pairs = list((_frame_by_frame if streaming else _example_by_example)(original, exported, inputs))
        tolerance = None if quantized else STREAM_TOLERANCE if streaming else TOLERANCE
        facts = {**compared(pairs, exported.runner.format, tolerance), "tolerance": tolerance}
        if quantized:
            facts["test"] = _on_test(run, exported)
        return {**facts, "latency_ms": _latencies(original, exported, _cut(inputs, slice(1)))}


@contextmanager
def _full_precision() -> Iterator[None]:
    """Have GPUs multiply float32 as it is, and not as TensorFloat-32, whose error is as large as the tolerance."""
    before = tf.config.experimental.tensor_float_32_execution_enabled()
    tf.config.experimental.enable_tensor_float_32_execution(False)
    try:
        yield
    finally:
        tf.config.experimental.enable_tensor_float_32_execution(before)


def _example_by_example(original: _Answers, exported: ExportedNetwork, inputs: Inputs) -> Iterator[tuple]:
    """Yield the answers of both: to one example alone, to the others together, to shorter clips, to encoded files."""
    config, spec, runner = exported.config, exported.spec, exported.runner
    parts = [_cut(inputs, slice(1)), _cut(inputs, slice(1, None))]
    if all(None in shape[1:] for name, shape in runner.inputs.items() if free_axis(spec, name)):
        parts = [cut_to_longest(part, spec) for part in parts]
    if config.model.streams and runner.inputs[config.data.gives][1] is None:
        half = (inputs[config.data.gives].shape[1] + 1) // 2
        parts.append({name: clips[:2, :half] for name, clips in inputs.items()})
    for part in filter(_rows, parts):
        expected = original(part)
        for signature in (SERVING, NUMBERS):
            if signature in runner.signatures:
                yield expected, exported.run(part, signature)[0]
        if FROM_ENCODED in runner.signatures:
            served = {name: np.asarray(one) for name, one in config.task.served(expected, spec).items()}
            yield served, exported.run({"encoded": _encoded(part, config.data.gives, spec)}, FROM_ENCODED)[0]


def _frame_by_frame(original: _Answers, exported: ExportedNetwork, inputs: Inputs) -> Iterator[tuple]:
    """Yield for each frame the answer to the clips cut off there, and that after having been shown the frame."""
    ((name, clips),) = inputs.items()
    stream = exported.stream()
    for frame in range(clips.shape[1]):
        yield original({name: clips[:, : frame + 1]}), stream.answer(clips[:, frame])


def _on_test(run: RunNetwork, exported: ExportedNetwork) -> dict[str, Any]:
    """Return the headline score of both on the test split, or raise an ExportError if the file's is much lower."""
    splits, split = _loaded(run)
    task, scores = run.config.task, {}
    for name, network in (("original", run), ("exported", exported)):
        judge = task.judge(run.spec, run.memory)
        for outputs, judged in zip(network.answers(splits, split), splits.judged(split), strict=True):
            judge.add(outputs, judged)
        if (score := judge.scores().get(task.headline)) is None:
            raise ExportError(
                f"{exported.runner.format}: a quantised file is judged by {task.headline}, and the {split} examples "
                "give none (they are of one kind, say); choose --quantize none, or others by --set data.root"
            )
        scores[name] = score
    allowed = DROP * max(1.0, abs(scores["original"]))
    if not scores["exported"] >= scores["original"] - allowed:
        raise ExportError(
            f"{exported.runner.format}: quantised, {task.headline} on {split} falls from {scores['original']:.4f} to "
            f"{scores['exported']:.4f}, by more than {allowed:g}; choose --quantize float16 or none"
        )
    return {"split": split, "score": task.headline, **scores}


def _latencies(original: _Answers, exported: ExportedNetwork, inputs: Inputs) -> dict[str, float]:
    """Return the median time of an answer to one example (a frame, where streaming) of both, in ms, taken in turns.

    What it takes to bring arrays to the other process is not counted.
    """
    runner, shown_to_file = exported.runner, inputs
    if exported.about["streaming"]:
        (clip,) = inputs.values()
        states = {name: np.zeros((1, *shape[1:]), np.float32) for name, shape in runner.inputs.items()}
        shown_to_file = {**states, FRAME: clip[:, 0]}
    times: dict[str, list[float]] = {"original": [], "exported": []}
    for _ in range(_WARM_UP + _ROUNDS):
        start = time.perf_counter()
        original(inputs)
        times["original"].append(time.perf_counter() - start)
        times["exported"].append(exported.run(shown_to_file)[1])
    return {name: round(1000 * median(values[_WARM_UP:]), 3) for name, values in times.items()}


def _loaded(run: Network) -> tuple[Splits, str]:
    """Return a network's data, and the first split with examples, test before the others; these need not be there."""
    for split in ("test", "val"):
        with suppress(InputError):
            splits = run.config.data.load(like=run.spec, splits=(split,))
            if splits.size(split):
                return splits, split
    return run.config.data.load(like=run.spec), "train"


def _stand_ins(tensor: Tensor, random: np.random.Generator) -> np.ndarray:
    """Return random pixels of whole pictures, numbers around 0, or of other integers 0 and 1, as in any vocabulary."""
    shape = (_EXAMPLES, *(side or _FREE_SIDE for side in tensor.shape))
    if np.dtype(tensor.dtype).kind == "f":
        return random.normal(size=shape).astype(tensor.dtype)
    values = random.integers(0, 256 if tensor.dtype == "uint8" else 2, shape).astype(tensor.dtype)
    if tensor.masked:
        values[..., -1] = 255
    return values


def _cut(inputs: Inputs, rows: slice) -> Inputs:
    return {name: values[rows] for name, values in inputs.items()}


def _rows(inputs: Inputs) -> int:
    return len(next(iter(inputs.values())))


def _encoded(inputs: Inputs, name: str, spec: Spec) -> np.ndarray:
    """Return images (B, H, W, C) as PNG files (B,), or the frames of clips (B, T, H, W, C) as files (B, T)."""
    pictures = inputs[name]
    frames: Any = pictures.reshape(-1, *pictures.shape[-3:])
    if free_axis(spec, name):
        rows = (_cut(inputs, slice(row, row + 1)) for row in range(len(pictures)))
        frames = [cut_to_longest(row, spec)[name][0] for row in rows]
    if spec.inputs[name].masked:
        frames = [_uncovered(frame) for frame in frames]
    files = [tf.io.encode_png(frame).numpy() for frame in frames]
    return np.array(files, object).reshape(pictures.shape[:-3])


def _uncovered(picture: np.ndarray) -> np.ndarray:
    """Return a picture (H, W, C + 1), whose last channel is a mask, without mask and padding."""
    shown = picture[..., -1] > 0
    return picture[: shown.any(axis=1).sum(), : shown.any(axis=0).sum(), :-1]
