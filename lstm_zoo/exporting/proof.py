"""The proof of an export: the file's answers beside those of the run, on real examples."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

import keras
import numpy as np

from ..contracts import PROBABILITIES, InputError
from ..evaluation import predicted, shown
from ..features import first_input
from .comparison import Outputs, compared
from .formats import ExportError
from .network import for_any_length, traceable
from .saved_model import FROM_ENCODED, SERVING

if TYPE_CHECKING:
    from ..run import Run
    from .artifact import Runner

TOLERANCE = 1e-4
"""Largest difference of float32 outputs."""
STREAM_TOLERANCE = 1e-5
"""The same for one frame at a time."""
DROP = 0.01
"""Largest loss of a quantised file, in the task's `headline` figure on the test split."""
_EXAMPLES = 8
_ROUNDS = 7  # measurements of latency; their median counts
_WARM_UP = 2


class Examples(NamedTuple):
    """What the answers are compared on."""

    inputs: np.ndarray
    """(N, *input_shape)."""
    origin: str
    """Where they come from, for people."""


def examples_of(run: Run) -> Examples:
    """Return a few test examples, or random pixels where the data are not at hand."""
    try:
        splits = run.config.data.load(like=run.spec)
        split = next(split for split in ("test", "val", "train") if splits.size(split))
        stream = splits.eval_stream(split, 1).unbatch().take(_EXAMPLES)
        inputs = np.stack([first_input(inputs) for inputs, _ in stream.as_numpy_iterator()])
        return Examples(inputs, f"{len(inputs)} {split} examples")
    except InputError:
        shape = (_EXAMPLES, *run.spec.input_shape)
        pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
        return Examples(pixels, f"{_EXAMPLES} examples of random pixels (the data are not at hand)")


def prove(run: Run, runner: Runner, examples: Examples, *, quantized: bool, streaming: bool) -> dict[str, Any]:
    """Compare a file with the run it was made from.

    Args:
        run: The run.
        runner: The file at work.
        examples: What to compare on.
        quantized: Judge it by the test split, and report differences only.
        streaming: The file takes one frame at a time: compare each answer with that to the clip cut off there.

    Returns:
        Differences, agreement and latencies, as `export.json` has them.

    Raises:
        ExportError: The file does not do what the run does.
    """
    with _full_precision():
        original = answering(for_any_length(run.config.task.exported(run.model)))
        if streaming:
            pairs = _frame_by_frame(original, runner, examples.inputs)
        else:
            pairs = _example_by_example(run, original, runner, examples.inputs)
        tolerance = None if quantized else STREAM_TOLERANCE if streaming else TOLERANCE
        facts = {"examples": examples.origin, **compared(pairs, runner.format, tolerance), "tolerance": tolerance}
        if quantized:
            facts["test"] = _on_test(run, runner)
        return {**facts, "latency_ms": _latencies(original, runner, examples.inputs[:1], streaming)}


@contextmanager
def _full_precision() -> Iterator[None]:
    """Have GPUs multiply float32 as it is, and not as TensorFloat-32, whose error is as large as the tolerance."""
    if keras.backend.backend() != "tensorflow":
        yield
        return
    from tensorflow import config

    before = config.experimental.tensor_float_32_execution_enabled()
    config.experimental.enable_tensor_float_32_execution(False)
    try:
        yield
    finally:
        config.experimental.enable_tensor_float_32_execution(before)


def answering(network: keras.Model) -> Callable[[np.ndarray], Outputs]:
    """Return a network from inputs to outputs, traced once for all sizes of a batch."""
    if keras.backend.backend() != "tensorflow":
        return lambda inputs: {name: keras.ops.convert_to_numpy(one) for name, one in network(inputs).items()}
    concrete = traceable(network).concrete()

    def answer(inputs: np.ndarray) -> Outputs:
        return {name: one.numpy() for name, one in concrete(keras.ops.convert_to_tensor(inputs, "uint8")).items()}

    return answer


def _example_by_example(run: Run, original: Any, runner: Runner, inputs: np.ndarray) -> list[tuple[Outputs, Outputs]]:
    """Return the answers of both: to one example alone, to the others together, to shorter clips, to encoded files."""
    (only,) = runner.signatures[SERVING]["inputs"]
    pairs, parts = [], [inputs[:1], inputs[1:]]
    if only["shape"][1] is None:
        parts.append(inputs[:2, : (inputs.shape[1] + 1) // 2])
    for part in parts:
        if len(part):
            expected = original(part)
            pairs.append((expected, runner.run({only["name"]: part})[0]))
            if FROM_ENCODED in runner.signatures:
                served = {name: np.asarray(one) for name, one in run.config.task.served(expected, run.spec).items()}
                pairs.append((served, runner.run({"encoded": _encoded(part)}, FROM_ENCODED)[0]))
    return pairs


def _frame_by_frame(original: Any, runner: Runner, clips: np.ndarray) -> list[tuple[Outputs, Outputs]]:
    """Return for each frame the answer to the clips cut off there, and that after having been shown the frame."""
    pairs, stream = [], runner.stream
    for frame in range(clips.shape[1]):
        expected = original(clips[:, : frame + 1])
        pairs.append((expected, {PROBABILITIES: stream.scores(clips[:, frame])}))
    return pairs


def _on_test(run: Run, runner: Runner) -> dict[str, Any]:
    """Return the headline figure of both on the test split, or raise an ExportError if the file's is much lower."""
    splits, task = run.config.data.load(like=run.spec), run.config.task
    split = next(split for split in ("test", "val", "train") if splits.size(split))
    figures = {}
    for name, network in (("original", run.inference), ("exported", runner)):
        batches = predicted(network, shown(run.config, splits, split))
        outputs = task.collect(splits.merged(split, batches))
        figures[name] = task.evaluate(outputs, splits.targets(split), run.spec)[task.headline]
    if not figures["exported"] >= figures["original"] - DROP:
        raise ExportError(
            f"{runner.format}: quantised, {task.headline} on {split} falls from {figures['original']:.4f} to "
            f"{figures['exported']:.4f}, by more than {DROP:g}; choose --quantize float16 or none"
        )
    return {"split": split, "figure": task.headline, **figures}


def _latencies(original: Any, runner: Runner, inputs: np.ndarray, streaming: bool) -> dict[str, float]:
    """Return the median time of an answer to one example (a frame, where streaming) of both, in ms, taken in turns.

    What it takes to bring arrays to the other process is not counted.
    """
    if streaming:
        states = {
            one["name"]: np.zeros((1, *one["shape"][1:]), np.float32) for one in runner.signatures[SERVING]["inputs"]
        }
        arrays = {**states, "frame": inputs[:, 0]}
    else:
        arrays = {runner.signatures[SERVING]["inputs"][0]["name"]: inputs}
    times: dict[str, list[float]] = {"original": [], "exported": []}
    for _ in range(_WARM_UP + _ROUNDS):
        start = time.perf_counter()
        original(inputs)
        times["original"].append(time.perf_counter() - start)
        times["exported"].append(runner.run(arrays)[1])
    return {name: round(1000 * median(values[_WARM_UP:]), 3) for name, values in times.items()}


def _encoded(inputs: np.ndarray) -> np.ndarray:
    """Return images (B, H, W, C) as PNG files (B,), or the frames of clips (B, T, H, W, C) as files (B, T)."""
    import tensorflow as tf

    frames = inputs.reshape(-1, *inputs.shape[-3:])
    files = [tf.io.encode_png(frame).numpy() for frame in frames]
    return np.array(files).reshape(inputs.shape[:-3])
