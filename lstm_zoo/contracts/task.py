"""What a task owes the others: what is learned, how a network is used, and how its answers are judged and told."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from .answers import Meaning, Outputs, Result
from .section import Section
from .spec import Spec
from .watching import Changes, Watcher

if TYPE_CHECKING:
    import keras
    import numpy as np
    from matplotlib.figure import Figure


class Judged(NamedTuple):
    """What one example is judged by."""

    name: str
    """A file's path below the root of the data set, say."""
    truth: Any
    """The right answer, as the kind of target has it: the number of a class, a label map, all captions, a number."""
    notes: str = ""
    """What the data set knows beyond it."""
    features: np.ndarray | None = None
    """What the network's encoder makes of it, (D,); None where there is no encoder, or nobody asked."""


Memory = dict[str, "np.ndarray"]
"""What a run keeps of its training examples, by name."""
Predictor = Callable[[Judged], Outputs]
"""Answers without a network, from what an example is judged by; only its size and features may be used."""
Pictures = Callable[[Sequence[int]], dict[int, "np.ndarray"]]
"""Gives examples as they are shown to people, by their numbers."""
Figures = Iterator[tuple[str, str, "Figure"]]
"""Titles, names for files, and figures."""


class Objective(NamedTuple):
    """What Keras `compile` and `fit` are told."""

    loss: Callable[[Any, Any], Any]
    """Of targets and logits; one value an example, (B,)."""
    metrics: Sequence[keras.metrics.Metric]
    class_weight: dict[int, float] | None = None
    remark: Callable[[Mapping[str, float]], str] = lambda figures: ""
    """What there is to say of an epoch's figures."""
    compiles: bool = True
    """Whether XLA can compile loss and metrics."""


class Judge(ABC):
    """Compares answers with the truth, one example after the other."""

    @abstractmethod
    def add(self, outputs: Outputs, judged: Judged) -> None:
        """Take the outputs for one example."""

    @abstractmethod
    def scores(self) -> dict[str, Any]:
        """Return the scores of all examples so far, ready for JSON; those that are single numbers are floats.

        What there is to say of them in words stands under `remarks`.
        """

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield what the table of predictions holds of each example, in the order of `add`."""
        return iter(())

    def figures(self, pictures: Pictures) -> Figures:
        """Yield figures for the report."""
        del pictures
        return iter(())


class TaskConfig(Section, ABC):
    """The `task` section: what the network learns and how it is judged."""

    kind: str
    """Name of the task."""
    target: ClassVar[str]
    """Kind of target that it takes."""
    monitor: ClassVar[str]
    """Validation metric that decides which weights are best, as Keras names it."""
    monitor_mode: ClassVar[str]
    """`min` or `max`."""
    headline: ClassVar[str]
    """The score that says most, higher is better."""
    score_of_class: ClassVar[str] = "accuracy"
    """What the score of each class (`per_class`) is."""
    class_noun: ClassVar[str] = "class"
    """What such a class is called."""
    exported_keys: ClassVar[frozenset[str]] = frozenset()
    """Settings that are part of an exported network, and cannot be changed afterwards."""
    examples_in_memory: ClassVar[frozenset[str]] = frozenset()
    """What `memory` holds of single training examples; it stays at home when a run is published."""
    floors_need_features: ClassVar[bool] = False
    """Whether a floor looks at what the network's encoder makes of examples."""

    calibrates: ClassVar[bool] = False
    """Whether something is to be known of the trained network's answers to held-out examples; see `calibrated`."""

    @abstractmethod
    def objective(self, spec: Spec, truths: Callable[[], Iterable[Any]]) -> Objective:
        """Return loss, metrics and weights of classes.

        Args:
            spec: What the data tell.
            truths: Gives the truth of each training example, where the loss depends on them.
        """

    @abstractmethod
    def network(self, model: keras.Model, spec: Spec) -> keras.Model:
        """Return a model (or its head on `features`) as it is used: from a dict of inputs to a dict of outputs.

        The layers are the model's own; its hints are no inputs any more.
        """

    @abstractmethod
    def memory(self, spec: Spec, training: Iterable[Judged]) -> Memory:
        """Return what has to be known of the training examples later, by floors and judges; a run keeps it."""

    @abstractmethod
    def judge(self, spec: Spec, memory: Memory | None = None) -> Judge:
        """Return a judge that has seen nothing yet."""

    def calibrated(self, held_out: Judge) -> Memory:
        """Return what a run keeps more once it is trained, by a judge of the answers to held-out examples."""
        del held_out
        return {}

    @abstractmethod
    def floors(self, spec: Spec, memory: Memory) -> dict[str, Predictor]:
        """Return trivial predictors by their names; the same judge scores them."""

    @abstractmethod
    def result(
        self, outputs: Outputs, spec: Spec, picture: np.ndarray | None = None, memory: Memory | None = None
    ) -> Result:
        """Return the outputs for one example as an answer for people.

        Args:
            outputs: Without the batch axis.
            spec: What the data told the model.
            picture: What was asked, as it is shown to people.
            memory: What is known of the training examples; None where it is not kept.
        """

    def watcher(self, spec: Spec, memory: Memory | None = None) -> Watcher:
        """Return what says of a stream what it shows."""
        return Changes(lambda outputs: self.result(outputs, spec, memory=memory))

    def meanings(self, spec: Spec) -> dict[str, Meaning]:
        """Return what the outputs of `network` hold, and what `served` adds to them, by their names."""
        del spec
        return {}

    def to_read_outputs(self, memory: Memory | None) -> dict[str, Any]:
        """Return what whoever reads the outputs of an exported network has to know beside the spec, ready for JSON."""
        del memory
        return {}

    def served(self, outputs: Outputs, spec: Spec) -> Outputs:
        """Return outputs with what a server shows to people added (sentences, say), in a TensorFlow graph."""
        del spec
        return outputs
