"""The card of a published run: what it scores beside trivial predictors, how it was made, what it cannot do.

Its head is the hub's: licence, task and scores as `model-index`.
"""

from __future__ import annotations

import html
import math
from collections.abc import Iterator, Sequence
from typing import Any

import h5py

from ..config import yaml_lines
from ..console.text import listed
from ..contracts import Classes, Frames, LabelMap, Normal, Number, Spec, Target, Text, Words
from ..reporting.tables import single_numbers
from ..runs.directory import Run
from ..runs.kept import CONFIG
from .clean_run import is_drawn

KERAS_FILES = ("config.json", "metadata.json", "model.weights.h5")
"""What Keras calls its files in a folder, or on the hub."""
_MOST_NAMED = 30  # classes
_WITH_KERAS = """Keras alone loads it, too, once the layers are known to it:

```python
import keras, lstm_zoo

network = keras.saving.load_model({address!r})
```"""


def card_of(run: Run, name: str, address: str, license: str = "") -> str:
    """Return the card of a clean run as Markdown.

    Args:
        run: The run.
        name: What it is called.
        address: What others write behind `--run`.
        license: As the hub spells it.
    """
    recipe = (run.path / CONFIG).read_text(encoding="utf-8")  # `run.config` has paths of this machine
    kinds = f"`{run.config.model.kind}` for {run.config.task.kind}, trained on `{run.config.data.kind}`"
    return (
        "\n\n".join(
            (
                f"---\n{yaml_lines.write(_head(run, name, license))}---",
                f"# {_plain(name)}",
                f"{kinds} with lstm_zoo. In: {_inputs(run.spec)}. Out: {_answer(run.spec.target)}.",
                "## What it scores",
                *_scores(run),
                "## Use it",
                *_commands(run, address),
                "## How it was trained",
                _table(("", ""), [*_training(run)]),
                f"<details><summary>The whole recipe</summary>\n\n```yaml\n{recipe}```\n\n</details>",
                "## What it cannot do",
                "\n".join(f"- {one}" for one in _limits(run)),
            )
        )
        + "\n"
    )


def _head(run: Run, name: str, license: str) -> dict[str, Any]:
    """Return what the hub reads."""
    task, data = run.config.task.kind, run.config.data.kind
    pipeline = _pipeline(run.spec)
    results = [
        {
            "task": {"type": pipeline or "other", "name": task},
            "dataset": {"type": data, "name": data, "split": split},
            "metrics": [
                {"type": score, "name": score, "value": value}
                for score, value in single_numbers(of).items()
                if math.isfinite(value)
            ],
        }
        for split, of in run.metrics.items()
    ]
    return {
        **({"license": license} if license else {}),
        "library_name": "lstm_zoo",
        **({"pipeline_tag": pipeline} if pipeline else {}),
        "tags": ["keras", "lstm", "computer-vision", run.config.model.kind, task],
        "datasets": [data],
        **({"model-index": [{"name": name, "results": results}]} if results else {}),
    }


def _pipeline(spec: Spec) -> str | None:
    """Return what the hub calls the task; None: it has no name for it."""
    of_target = {"label_map": "image-segmentation", "words": "image-to-text", "text": "image-to-text"}
    if isinstance(spec.target, Classes | Normal):
        is_film = any(len(one.shape) == 4 for one in spec.inputs.values())
        return "video-classification" if is_film else "image-classification"
    return of_target.get(spec.target.kind)


def _scores(run: Run) -> Iterator[str]:
    """Yield a table for each evaluation, of scores beside the floors'."""
    if not run.metrics:
        yield "It was not evaluated."
    for split, scores in run.metrics.items():
        floors = scores["floors"]
        rows = [
            (name, f"**{value:.4g}**", *(f"{of[name]:.4g}" if name in of else "" for of in floors.values()))
            for name, value in single_numbers(scores).items()
        ]
        yield f"On `{_plain(split)}`, {scores['examples']} examples, beside what trivial predictors get:"
        yield _table(("score", "this network", *floors), rows)


def _commands(run: Run, address: str) -> Iterator[str]:
    setting = " --set data.root=DATA" if "root" in type(run.config.data).model_fields else ""
    install = "pip install 'lstm-zoo[hub]'\n" if address.startswith("hf://") else ""
    commands = f"lstmzoo predict --run {address} FILE\nlstmzoo eval --run {address}{setting}"
    yield f"```bash\n{install}{commands}\n```"
    if (run.path / KERAS_FILES[-1]).is_file():
        yield _WITH_KERAS.format(address=address)


def _training(run: Run) -> Iterator[tuple[str, str]]:
    """Yield what is told of the training, in names and words."""
    made, train = run.environment, run.config.train
    if examples := made.get("examples"):
        yield "examples", ", ".join(f"{number:,} {split}" for split, number in examples.items())
    with h5py.File(run.weights_file) as file:
        yield "parameters", f"{_numbers_in(file):,}"
    yield "epochs", f"at most {train.epochs}, {train.batch_size} examples a batch"
    if made.get("seconds"):
        yield "training time", f"{made['seconds'] / 60:.1f} minutes"
    if machine := made.get("machine"):
        gpus = ", ".join(machine["gpus"]) or "no GPU"
        yield "machine", f"{machine['processor']}, {machine['cores']} cores, {gpus}"
    yield "versions", ", ".join(f"{name} {version}" for name, version in made["versions"].items() if version)
    if made.get("init"):
        yield "started from", made["init"]
    yield "when", str(made.get("created", ""))[:10]


def _numbers_in(group: h5py.Group) -> int:
    return sum(_numbers_in(one) if isinstance(one, h5py.Group) else one.size for one in group.values())


def _limits(run: Run) -> Iterator[str]:
    target = run.spec.target
    yield "Scores are those of the examples above; films, photographs or pages of another kind may give worse ones."
    if is_drawn(run.config):
        yield "It has only seen examples that a program drew, never a photograph."
    if isinstance(target, Classes | LabelMap):
        yield f"It knows no other classes, and always names one: {listed([*map(_plain, target.names)], _MOST_NAMED)}."
    if isinstance(target, Text):
        yield f"It writes no other letters: `` {''.join(sorted(target.alphabet))} ``"  # code: some are Markdown's signs
    if isinstance(target, Words):
        yield f"It writes no other words than its {len(target.vocabulary):,}."
    if isinstance(target, Normal):
        yield "It tells what is unlike the films that it was trained on, not what is dangerous."


def _inputs(spec: Spec) -> str:
    sizes = (f"`{name}` {tuple(one.shape)} {one.dtype}" for name, one in spec.inputs.items())
    return ", ".join(sizes).replace("None", "any")


def _answer(target: Target) -> str:
    """Return in words what is answered."""
    if isinstance(target, Classes):
        return f"one of {len(target.names)} classes"
    if isinstance(target, LabelMap):
        return f"one of {len(target.names)} classes for each place"
    if isinstance(target, Words):
        return f"a sentence of at most {target.max_words} words"
    if isinstance(target, Text):
        return f"a line of text in {len(target.alphabet)} letters"
    if isinstance(target, Frames):
        return f"the {target.horizon} frames that follow"
    if isinstance(target, Number):
        return f"a number {target.unit}".strip()
    return "how unlike normal films each frame is"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(_plain, line))} |" for line in lines)


def _plain(text: str) -> str:
    """Return a text in one line, in which nothing is HTML, or parts the cells of a table."""
    return html.escape(" ".join(text.split()), quote=False).replace("|", "\\|")
