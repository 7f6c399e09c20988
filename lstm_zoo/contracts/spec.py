"""What a data set tells a model and a task: named tensors, and the kind of answer that is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, PositiveInt

from .section import Section
from .words import Split

if TYPE_CHECKING:
    import numpy as np

SPLITS = ("train", "val", "test")
ALL = "all"
"""Stands for all examples together, whatever splits they are in; nothing is dealt then."""
COLOURS = {1: ("grey",), 3: ("red", "green", "blue")}
"""What channels are, by their number."""


class Tensor(Section):
    """One named tensor of an example."""

    shape: tuple[PositiveInt | None, ...]
    """Without the batch axis; null where a side is free."""
    dtype: str = "uint8"
    """As NumPy names it."""
    measured_by: str | None = None
    """Input that tells how long each example is along the free side; behind that, a batch is filled up with zeros."""
    masked: bool = False
    """Whether the last channel says where there is a picture (255) and where padding (0)."""
    limits: tuple[float, float] | None = None
    """Values in files of more than 8 bits that become 0 and 255, lower first; null: nothing is known of such files."""


class Classes(Section):
    """One class an example."""

    kind: Literal["classes"] = "classes"
    names: tuple[str, ...]
    """Name of each class, in the order of the label numbers."""


class LabelMap(Section):
    """One class a pixel or voxel."""

    kind: Literal["label_map"] = "label_map"
    names: tuple[str, ...]
    """Name of each class, in the order of the label numbers."""
    numbers: tuple[int, ...] = ()
    """What stands for each class in the user's own label files; empty: the label numbers themselves."""
    colours: tuple[tuple[int, int, int], ...] = ()
    """The same where these files hold colours, (red, green, blue); empty: they hold numbers."""

    def as_in_files(self, labels: np.ndarray) -> np.ndarray:
        """Return labels (...) as the user's own files hold them: numbers (...), or colours (..., 3) uint8."""
        import numpy as np

        if self.colours:
            return np.array(self.colours, np.uint8)[labels]
        if not self.numbers:
            return labels
        least, most = map(np.min_scalar_type, (min(self.numbers), max(self.numbers)))
        return np.array(self.numbers, np.result_type(least, most))[labels]


class Words(Section):
    """A sentence."""

    kind: Literal["words"] = "words"
    vocabulary: tuple[str, ...]
    """The words, in the order of their numbers; the special ones come first."""
    max_words: PositiveInt
    """Length T of a sentence, in words, the end counted as one."""
    split: Split = "blanks"
    """How sentences are cut into words, and put together."""


class Text(Section):
    """A line of text, spelt letter by letter."""

    kind: Literal["text"] = "text"
    alphabet: tuple[str, ...]
    """The letters, in the order of their numbers; the blank of CTC comes after the last one."""
    pixels_per_step: PositiveInt
    """Width of what a network looks at for each of its answers, in pixels; one answer is one letter at most."""
    single_spaces: bool = True
    """Whether runs of white space count as one space, and none at the ends."""
    composed: bool = True
    """Whether a letter and a mark count as one letter, where Unicode has one for both (NFC)."""


class Number(Section):
    """A real number."""

    kind: Literal["number"] = "number"
    unit: str = ""
    """What it counts."""


class Frames(Section):
    """The frames that follow those of the input `clip`, (B, T, H, W, C) uint8.

    Targets are (B, horizon, H, W, C) uint8, and so is the hint `later`: the same frames, for networks that look at them
    in training (scheduled sampling); others have that input, too, and lead it nowhere. Logits are of the target's
    shape, and their sigmoid is the brightness from 0 to 1. What answers are judged by begins with the clip itself:
    (T + horizon, H, W, C).
    """

    kind: Literal["frames"] = "frames"
    horizon: PositiveInt
    """Number of the frames."""
    height: PositiveInt
    """Height H, in pixels."""
    width: PositiveInt
    """Width W, in pixels."""
    channels: Literal[1, 3]
    """Channels C: 1 is grey, 3 are red, green and blue."""
    step_seconds: float | None = None
    """Time from one frame to the next, where all films have the same."""

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Shape of an answer, (horizon, H, W, C)."""
        return self.horizon, self.height, self.width, self.channels


class Normal(Section):
    """Whether the last frame of the input `clip`, (B, T, H, W, C) uint8, is like those of normal films.

    Training shows normal films alone. Answers are maps, (B, h, w), the higher the less normal a place is. Targets are
    (B,) float32: whether a clip runs faster than it was filmed, which maps are then the logits of.
    """

    kind: Literal["normal"] = "normal"
    frame_step: PositiveInt = 1
    """From one frame of a clip to the next, in frames of the film."""
    tempos: tuple[Annotated[int, Field(ge=2, le=16)], ...] = ()
    """How many times as fast as they were filmed half of the training clips run; empty: none does."""


Target = Annotated[Classes | LabelMap | Words | Text | Number | Frames | Normal, Field(discriminator="kind")]
"""Kinds of answer; a model's `answers` and a task's `target` name one of them."""


class Spec(Section):
    """What a data set tells a model and a task: enough to build the network without the data."""

    inputs: dict[str, Tensor]
    """What a network in use is shown, by name."""
    hints: dict[str, Tensor] = {}
    """What only training shows beside it (the words so far, the frames to be foretold), by name."""
    target: Target
    """What is to be answered."""
    seconds: float | None = None
    """Mean length of the training examples, where they last; longer ones are predicted in stretches of this length."""

    @property
    def only_input(self) -> tuple[str, Tensor]:
        """Name and tensor of the input, for networks that have one."""
        ((name, tensor),) = self.inputs.items()
        return name, tensor

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes, where classes are asked for."""
        assert isinstance(self.target, Classes | LabelMap), self.target.kind
        return self.target.names

    @property
    def num_classes(self) -> int:
        """Number of classes, K."""
        return len(self.class_names)
