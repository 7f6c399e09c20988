"""The extension points: what a data set, a model and a task owe each other.

Legend of shapes, used in every comment and docstring of the package (channels last):

    B batch    T time (frames or words)    H, W height and width in pixels    C channels
    D features    U recurrent units    K classes    N views (clips) of one example, or captions (or beams) of one image
    L regions of an image    V words of the vocabulary    Z planes of a volume: (B, Z, H, W, C)

Each section of a YAML file is one frozen `Section` with one main verb; `Spec` is what data tells a model.
Nothing here imports TensorFlow: a config is checked before anything slow starts.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, NamedTuple

from pydantic import AfterValidator, BaseModel, ConfigDict, PositiveInt

if TYPE_CHECKING:
    import keras
    import numpy as np
    import tensorflow as tf
    from matplotlib.figure import Figure

SPLITS = ("train", "val", "test")
PROBABILITIES = "probabilities"
"""Name of what a network with a single output returns when it is exported."""

UserPath = Annotated[Path, AfterValidator(lambda path: path.expanduser().absolute())]
"""A path the user wrote: `~` is expanded, and what is relative counts from the working directory."""


class InputError(ValueError):
    """A mistake that the user can mend.

    Args:
        key: Dotted path of the setting to change, such as `data.root`; empty where no setting is at fault.
        message: What came, what was expected, and how to mend it.
    """

    def __init__(self, key: str, message: str):
        super().__init__(f"{key}: {message}" if key else message)
        self.key = key
        self.message = message


class Section(BaseModel):
    """One section of a config: frozen, without room for unknown keys, documented field by field."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True)

    def problems(self) -> Iterator[InputError]:
        """Yield what is wrong beyond types and ranges (a missing folder, say), without importing TensorFlow."""
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, Section):
                for problem in value.problems():
                    yield InputError(f"{name}.{problem.key}", problem.message)


class Spec(Section):
    """What a data set tells a model: enough to build the network without the data."""

    input_shape: tuple[PositiveInt, ...]
    """Shape of one example without the batch axis; (T, H, W, C) for clips, (H, W, C) for images, (Z, H, W, C) for
    volumes."""
    class_names: tuple[str, ...] = ()
    """Name of each class, in the order of the label numbers."""
    vocabulary: tuple[str, ...] = ()
    """The words of captions, in the order of their numbers; the special ones come first."""
    max_words: PositiveInt | None = None
    """Length T of captions, in words, the end counted as one."""
    masked: bool = False
    """Whether the last channel of an input says where there is a picture (255) and where padding (0)."""
    clip_seconds: float | None = None
    """Mean length of the training videos, in seconds; `predict` cuts much longer videos into windows of this length."""

    @property
    def num_classes(self) -> int:
        """Number of classes, K."""
        return len(self.class_names)


class BadFile(NamedTuple):
    """A file of a data set that cannot be used."""

    split: str
    name: str
    """Its path below the root of the data set."""
    reason: str


class Splits(ABC):
    """The prepared examples of one data set: streams for training and evaluation, and what is known of each example."""

    spec: Spec
    fingerprint: str
    """Changes whenever the prepared examples change."""
    inputs_fingerprint: str
    """Changes whenever what an encoder sees of them changes."""
    trained_as_evaluated: bool = False
    """Whether training shows an example just as evaluation does."""
    num_views: int = 1
    """Number N of consecutive rows of `eval_stream` that belong to one example."""
    bad_files: Sequence[BadFile] = ()
    """What was left out."""
    folder: Path
    """Where the prepared examples are kept; what is computed from them (features) may be kept below it."""
    augmented: bool
    """Whether a training example differs from epoch to epoch."""

    @abstractmethod
    def size(self, split: str) -> int:
        """Return the number of examples in a split; 0 where there is no such split."""

    @abstractmethod
    def train_stream(
        self, batch_size: int, seed: int, first_epoch: int = 0, *, drop_remainder: bool = False
    ) -> tf.data.Dataset:
        """Return endless batches `(inputs, targets)`, one epoch after the other.

        The inputs are what the user has (pixels), or a tuple of that and of what is known in training alone (the words
        so far); `supervision` has the latter.

        Order and augmentation depend on `(seed, epoch, example)` alone, so a stream that starts at `first_epoch`
        continues exactly where an interrupted one would have gone on.

        Args:
            batch_size: Examples a batch.
            seed: Seed of order and augmentation.
            first_epoch: Epoch to start with.
            drop_remainder: Leave out what does not fill the last batch of an epoch, other examples each time, instead
                of making a smaller batch.
        """

    @abstractmethod
    def train_views(self, batch_size: int, seed: int, epoch: int) -> tf.data.Dataset:
        """Return one pass over the training examples in stored order, augmented as in that epoch of `train_stream`."""

    @abstractmethod
    def eval_stream(self, split: str, batch_size: int) -> tf.data.Dataset:
        """Return one pass over a split in fixed order, `num_views` consecutive rows an example."""

    def merged(self, split: str, batches: Iterable[Any]) -> Iterator[Any]:
        """Yield the outputs of each example, from batches of outputs for the rows of `eval_stream`: means over views.

        Args:
            split: The split.
            batches: Arrays (B, ...), or dicts of them.
        """
        del split
        rows = unbatched(batches)
        while views := list(islice(rows, self.num_views)):
            yield mean(views)

    @abstractmethod
    def targets(self, split: str) -> Any:
        """Return what the task compares outputs with, in the order of `eval_stream`, one entry an example."""

    def supervision(
        self, split: str, epoch: int = 0, rows: np.ndarray | None = None
    ) -> tuple[tuple[np.ndarray, ...], np.ndarray]:
        """Return the network's further inputs and its targets, as an epoch shows them, in stored order.

        Args:
            split: The split.
            epoch: Epoch of training.
            rows: Numbers of the examples; None: all.
        """
        del epoch
        targets = self.targets(split)
        return (), targets if rows is None else targets[rows]

    def counts(self, split: str) -> dict[str, int]:
        """Return what a split holds, by name: the examples of each class."""
        labels, counts = Counter(self.targets(split).tolist()), {}
        for label in sorted(labels):
            counts[self.spec.class_names[label]] = labels[label]
        return counts

    def judge(self, split: str, outputs: Any) -> dict[str, float]:
        """Return figures of a split's outputs that only this data set can give."""
        del split, outputs
        return {}

    def pictures(self, split: str, indices: Sequence[int]) -> dict[int, np.ndarray]:
        """Return some examples as they are shown to people, by their numbers: the first view of each."""
        rows = self.eval_stream(split, 1).unbatch().enumerate()
        wanted = {index * self.num_views: index for index in indices}
        found = {}
        for row, (inputs, _) in rows.take(max(wanted, default=-1) + 1).as_numpy_iterator():
            if row in wanted:
                found[wanted[row]] = inputs[0] if isinstance(inputs, tuple) else inputs
        return found

    @abstractmethod
    def names(self, split: str) -> list[str]:
        """Return the examples' names (a file's path below the root, say) in the same order."""


def unbatched(batches: Iterable[Any]) -> Iterator[Any]:
    """Yield the rows of batches of outputs, arrays (B, ...) or dicts of them."""
    for batch in batches:
        named = batch if isinstance(batch, dict) else {"": batch}
        for values in zip(*named.values(), strict=True):
            yield dict(zip(named, values, strict=True)) if isinstance(batch, dict) else values[0]


def mean(views: Iterable[Any]) -> Any:
    """Return the mean of the outputs of an example's views."""
    first, *others = views
    if not others:
        return first
    if isinstance(first, dict):
        return {name: mean([view[name] for view in (first, *others)]) for name in first}
    return sum(others, first) / (1 + len(others))


class Views(NamedTuple):
    """One file as a model's input."""

    inputs: np.ndarray | Sequence
    """The views of the whole file, scored together; (N, *input_shape), or what gives such an array when it is cut."""
    windows: np.ndarray | Sequence = ()
    """Further views of consecutive stretches of the file, scored one by one; (M, *input_shape), M may be 0."""
    times: Sequence[tuple[float, float]] = ()
    """Start and end of each window, in seconds."""
    merge: Callable[[Iterable[Any]], Any] = mean
    """Makes the outputs of the file from those of its views."""
    picture: np.ndarray | None = None
    """The whole file as it is shown to people; None: the first view."""


class DataConfig(Section, ABC):
    """The `data` section: where examples come from and how they become tensors."""

    kind: str
    """Name of the data set."""
    media: ClassVar[str]
    """What its files are, in a word."""
    tasks: ClassVar[frozenset[str]]
    """Kinds of task that the targets of this data set serve."""

    @property
    def varies(self) -> bool:
        """Whether a training example differs from epoch to epoch."""
        return False

    @abstractmethod
    def expected_spec(self) -> Spec:
        """Return the spec as far as it is known before anything is prepared."""

    def bad_files(self) -> list[BadFile]:
        """Read every file once, and return those that cannot be used.

        Raises:
            InputError: The data set is not made of the user's files.
        """
        raise InputError("data.kind", f"'{self.kind}' is not made of files of yours; there is nothing to check")

    @abstractmethod
    def load(self, like: Spec | None = None) -> Splits:
        """Prepare the data if need be and return its splits.

        Args:
            like: Spec of a finished run: labels are numbered as there, and a class it does not know is an error.

        Raises:
            InputError: The files are missing, unreadable or do not make a data set.
        """

    @abstractmethod
    def files_below(self, folder: Path) -> list[Path]:
        """Return all files below a folder that `read` may be able to read."""

    def from_encoded(self, spec: Spec) -> Callable[[tf.Tensor], tf.Tensor] | None:
        """Return what turns encoded files into a network's inputs, in a TensorFlow graph; None if nothing does.

        Files are those of images, (B,), or of the frames of clips, (B, T).
        """
        del spec
        return None

    @abstractmethod
    def read(self, path: Path, spec: Spec) -> Views:
        """Read one file just as preparation and evaluation would.

        Raises:
            InputError: The file cannot be read.
        """


class ModelConfig(Section, ABC):
    """The `model` section: one network, from pixels (uint8), and what training knows beside them, to logits."""

    tasks: ClassVar[frozenset[str]]
    """Kinds of task that the network's output serves."""

    @abstractmethod
    def build(self, spec: Spec, *, pretrained: bool = True) -> keras.Model:
        """Build the network.

        Args:
            spec: Shapes and classes of the data.
            pretrained: Load pretrained backbone weights; False where a run's own weights follow.

        Raises:
            InputError: The options do not fit the data or a weights file does not fit the network.
        """


class TaskConfig(Section, ABC):
    """The `task` section: what the network learns and how it is judged."""

    monitor: ClassVar[str]
    """Validation metric that decides which weights are best, as Keras names it."""
    monitor_mode: ClassVar[str]
    """`min` or `max`."""
    exported_keys: ClassVar[frozenset[str]] = frozenset()
    """Settings that are part of an exported network, and cannot be changed afterwards."""
    headline: ClassVar[str]
    """The figure of `evaluate`, from 0 to 1, that says most."""
    per_class: ClassVar[str] = "accuracy"
    """What the figure of each class (`per_class`) is."""

    @abstractmethod
    def loss(self, splits: Splits | None = None) -> Callable[[Any, Any], Any]:
        """Return the training loss of targets and logits, as Keras `compile` takes it.

        Args:
            splits: The data, where the loss depends on what they hold.
        """

    @abstractmethod
    def metrics(self, spec: Spec) -> list[keras.metrics.Metric]:
        """Return the metrics that Keras tracks while it trains."""

    @abstractmethod
    def class_weight(self, splits: Splits) -> dict[int, float] | None:
        """Return the weight of each class in the training loss, None for equal weights."""

    @abstractmethod
    def inference(self, model: keras.Model) -> keras.Model:
        """Return a network (or its head) as it is used: from its first input to outputs that mean something to a user.

        The layers are the model's own. The output is one tensor (probabilities, say) or a dict of them.
        """

    def exported(self, model: keras.Model) -> keras.Model:
        """Return the network as it is exported: `inference` with a dict of outputs, `probabilities` where it is one.

        What `evaluate` needs is among them, by the names that `inference` gives it.
        """
        import keras

        network = self.inference(model)
        if isinstance(network.output, dict):
            return network
        return keras.Model(network.input, {PROBABILITIES: network.output}, name=network.name)

    def collect(self, examples: Iterable[Any]) -> Any:
        """Return the outputs of examples, given one by one, together, as the methods below take them."""
        import keras
        import numpy as np

        rows = list(examples)
        return keras.tree.map_structure(lambda *values: np.stack(values), *rows)

    @abstractmethod
    def decode(self, outputs: Any, spec: Spec) -> list[dict[str, Any]]:
        """Return what `predict` prints for each row of outputs, ready for JSON."""

    @abstractmethod
    def evaluate(self, outputs: Any, targets: Any, spec: Spec) -> dict[str, Any]:
        """Return the figures of a split from outputs and targets, ready for JSON."""

    @abstractmethod
    def floors(
        self, splits: Splits, split: str, features: Callable[[str], np.ndarray] | None
    ) -> dict[str, dict[str, float]]:
        """Return the same figures for trivial predictors, by their names.

        Args:
            splits: The examples.
            split: The split that is judged.
            features: Gives what the network's encoder makes of each example of a split, (examples, D); None: there
                is no encoder, and predictors that need one are left out.
        """

    @abstractmethod
    def rows(self, outputs: Any, targets: Any, spec: Spec) -> Iterator[dict[str, Any]]:
        """Yield what the table of predictions holds of each example."""

    @abstractmethod
    def figures(self, outputs: Any, splits: Splits, split: str) -> Iterator[tuple[str, str, Figure]]:
        """Yield the task's own figures for the report, each with its title and a name for its file."""

    def served(self, outputs: Any, spec: Spec) -> Any:
        """Return outputs with what a server shows to people added (sentences, say), in a TensorFlow graph."""
        del spec
        return outputs

    def picture(self, outputs: Any, inputs: np.ndarray, spec: Spec) -> Figure | None:
        """Draw what a network makes of one example, from one row of outputs and the picture; None if nothing."""
        del outputs, inputs, spec
        return None

    def files(self, outputs: Any) -> dict[str, bytes]:
        """Return what is worth a file of its own in one row of outputs: contents by the ends of their names."""
        del outputs
        return {}
