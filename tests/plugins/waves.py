"""A plugin: series of numbers (T, D), and how fast they swing; a data set, a network and a task of its own."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from pydantic import PositiveInt

from lstm_zoo.contracts import Judge, ModelConfig, Number, Objective, Result, Spec, TaskConfig, Tensor
from lstm_zoo.data.pipeline.drawn import DrawnData
from lstm_zoo.data.pipeline.family import TARGET, Family, target_of
from lstm_zoo.media.errors import MediaError, reasons


class Series(Family):
    """Series as they are, and one number each."""

    trained_as_evaluated = True

    def features(self):
        import tensorflow_datasets as tfds

        return {"series": tfds.features.Tensor(shape=self.spec.inputs["series"].shape, dtype=np.float32)}

    def facts(self, rows):
        return np.array([[target_of(row)] for row in rows], np.float32)

    def known(self, facts, numbers, epoch):
        return {TARGET: facts[numbers]}

    def train(self, record, seed):
        return {"series": record["series"]}

    def show(self, record):
        return {"series": record["series"][None]}

    def truths(self, rows, records):
        yield from map(target_of, rows)

    def counts(self, facts, truths):
        return {"series": len(facts)}


class Waves(DrawnData):
    """Noisy waves in D channels; to be answered is how often they swing."""

    media: ClassVar[str] = "series"
    gives: ClassVar[str] = "series"
    target: ClassVar[str] = "number"
    drawn_by: ClassVar[tuple[str, ...]] = ("steps", "channels", "seed")
    kind: Literal["waves"] = "waves"
    num_train: PositiveInt = 64
    num_val: PositiveInt = 16
    num_test: PositiveInt = 16
    steps: PositiveInt = 20
    channels: PositiveInt = 2

    def expected_spec(self):
        inputs = {"series": Tensor(shape=(self.steps, self.channels), dtype="float32")}
        return Spec(inputs=inputs, target=Number(unit="swings"))

    def family(self, spec):
        return Series(spec)

    def target_to_draw(self, number):
        return 1.0 + number % 4

    def reader(self):
        time = np.linspace(0, 2 * np.pi, self.steps)[:, None]

        def draw(item):
            random = self.random(item)
            phase, noise = random.uniform(0, 0.5, self.channels), random.normal(0, 0.05, (self.steps, self.channels))
            return {"series": (np.sin(item.target * time + phase) + noise).astype(np.float32)}

        return draw

    def files_below(self, folder: Path):
        return sorted(folder.rglob("*.csv"))

    def read(self, path: Path):
        with reasons():
            series = np.loadtxt(path, np.float32, delimiter=",", ndmin=2)
        if series.shape != (self.steps, self.channels):
            raise MediaError(f"holds {series.shape} numbers, expected {(self.steps, self.channels)}")
        return {"series": series}


class WaveLstm(ModelConfig):
    """An LSTM over a series, and one number."""

    kind: Literal["wave_lstm"] = "wave_lstm"
    takes: ClassVar[frozenset[str]] = frozenset({"series"})
    answers: ClassVar[str] = "number"
    units: PositiveInt = 16

    def build(self, spec, *, pretrained=True):
        import keras

        from lstm_zoo.layers import LSTM

        series = keras.Input(spec.inputs["series"].shape, name="series")
        return keras.Model({"series": series}, keras.layers.Dense(1)(LSTM(self.units)(series)), name=self.kind)


class _Errors(Judge):
    def __init__(self):
        self.errors = []

    def add(self, outputs, judged):
        self.errors.append(float(outputs["number"][0]) - judged.truth)

    def scores(self):
        return {"closeness": float(-np.mean(np.abs(self.errors))), "examples": len(self.errors)}


class Regression(TaskConfig):
    """One number an example, judged by how far the answers are off."""

    kind: Literal["regression"] = "regression"
    target: ClassVar[str] = "number"
    monitor: ClassVar[str] = "val_loss"
    monitor_mode: ClassVar[str] = "min"
    headline: ClassVar[str] = "closeness"

    def objective(self, spec, truths):
        import keras

        return Objective(lambda truth, logits: keras.ops.mean((truth - logits) ** 2, axis=-1), [])

    def network(self, model, spec):
        import keras

        return keras.Model(model.input, {"number": model.output})

    def judge(self, spec, memory=None):
        return _Errors()

    def memory(self, spec, training):
        return {"mean": np.mean([[judged.truth] for judged in training], axis=0)}

    def floors(self, spec, memory):
        return {"mean": lambda judged: {"number": memory["mean"]}}

    def result(self, outputs, spec, picture=None, memory=None):
        answer = f"{float(outputs['number'][0]):.2f} {spec.target.unit}"
        return Result(answer, {"number": float(outputs["number"][0])}, answer)
