"""What data owe the others."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar, NamedTuple, Self

from .answers import Outputs, Result
from .section import InputError, Section
from .spec import Spec
from .splits import Splits
from .survey import BadFile, Survey
from .task import Judge

if TYPE_CHECKING:
    import numpy as np
    import tensorflow as tf


class Views(NamedTuple):
    """One file, or a part of it, as a network's input."""

    inputs: Mapping[str, np.ndarray | Sequence[np.ndarray]]
    """Its views by the names of `Spec.inputs`, N each (in an array, or made when they are asked for), judged together;
    empty where its parts alone are."""
    merge: Callable[[Iterator[Outputs]], Outputs]
    """Makes the outputs for the file from those for its views."""
    picture: np.ndarray | None = None
    """The file as it is shown to people; None: it is no picture."""
    parts: Iterable[Part] = ()
    """Parts of the file that are answered one by one, such as those of a long video; made one by one, too."""
    parts_name: str = "parts"
    """What they are called among the facts: `windows`, say."""
    remarks: Sequence[str] = ()
    """What a user should know of the file, though it can be used."""
    files: Callable[[Sequence[tuple[Part, Result | None]]], dict[str, bytes]] = lambda answers: {}
    """Makes what is worth a file of its own from the answers to all parts: contents by the ends of their names."""
    own_files: Callable[[Outputs], dict[str, bytes]] = lambda outputs: {}
    """Makes files like the data's own (NIfTI for NIfTI) from the outputs for the file: contents by what they hold, a
    stroke, and their names: `labels/scan.nii.gz`. They take the place of a task's file of the same (`labels`)."""


class Part(NamedTuple):
    """A part of one file."""

    about: dict[str, Any]
    """What tells it from others, ready for JSON: `start` and `end` in seconds, or its `name`; where it has no views,
    `error`, too: the reason."""
    called: str
    """The same for people, in a word or two."""
    views: Views | None
    """None: it cannot be shown."""


class Sample(NamedTuple):
    """One example as a file that a user might have, and what is true of it."""

    ending: str
    """End of the file's name, such as `.mp4`."""
    content: bytes
    column: str = "path"
    """Which column names the file, in tables of users' files like this one."""
    truths: Sequence[Mapping[str, str]] = ()
    """The other columns of its rows in such a table: its class, its captions, its text, or where it is abnormal."""
    labels: bytes = b""
    """The class of each pixel, in a file with the same ending; empty: pixels have none."""


class DataConfig(Section, ABC):
    """The `data` section: where examples come from and how they become tensors."""

    kind: str
    """Name of the data set."""
    media: ClassVar[str]
    """What its files are, in a word."""
    gives: ClassVar[str]
    """Name of the input that it gives."""
    shown: ClassVar[str] = ""
    """How that comes from a file, in a sentence: what is cut, scaled and filled up."""
    target: ClassVar[str]
    """Kind of its target."""
    at_once: ClassVar[int | None] = None
    """How many files are read at once; None: one a core."""

    @property
    def varies(self) -> bool:
        """Whether a training example differs from epoch to epoch."""
        return False

    @abstractmethod
    def expected_spec(self) -> Spec:
        """Return the spec as far as it is known before anything is prepared."""

    def of_a_run(self) -> Self:
        """Return these data as eval and its like take them from a run, which may be a stranger's.

        What has to be written then goes to the user's own place, whatever the recipe says.
        """
        return self

    def read_by(self, reading: Callable[[Sequence[Any]], Iterator[tuple[Any, Any]]]) -> Self:
        """Return these data with something else that reads their examples in preparation, such as a cluster.

        Args:
            reading: Yields items, in their order, with what is stored of each, or a MediaError.

        Raises:
            InputError: They are not prepared example by example.
        """
        raise InputError("data.kind", f"'{self.kind}' is prepared by TFDS as a whole; leave --workers out")

    @abstractmethod
    def load(self, like: Spec | None = None, splits: Sequence[str] | None = None) -> Splits:
        """Prepare the data if need be and return its splits.

        Args:
            like: Spec of a finished run: labels are numbered as there, and a class it does not know is an error.
            splits: Splits that are needed; None: all three. `ALL` alone: all examples as one split, which is called so.

        Raises:
            InputError: The files are missing, unreadable or do not make a data set.
        """

    def remarks(self) -> list[str]:
        """Return what a user should know of the files though it is no mistake, without opening them.

        Which layout was taken, what was left out and why, which classes lack examples in a split.

        Raises:
            InputError: The files do not make a data set.
        """
        return []

    def bad_files(self) -> list[BadFile]:
        """Read every file once, and return those that cannot be used.

        Raises:
            InputError: The data set is not made of the user's files.
        """
        raise InputError("data.kind", f"'{self.kind}' is not made of files of yours; there is nothing to check")

    def survey(self, num_examples: int) -> Survey:
        """Read every file once, and return what is found, with some examples; nothing is written.

        Raises:
            InputError: The data set is not made of the user's files, or these do not make one.
        """
        del num_examples
        return Survey((), self.bad_files())

    def samples(self, split: str, count: int) -> Iterator[tuple[str, Sample]]:
        """Yield the first examples of a split that is drawn, by their names, as files.

        Raises:
            InputError: The data set is not drawn here, or has fewer examples.
        """
        del split, count
        raise InputError(
            "data.kind", f"'{self.kind}' is not drawn here: its files are yours, or its makers'; predict those"
        )

    @abstractmethod
    def files_below(self, folder: Path) -> list[Path]:
        """Return all files below a folder that `views` may be able to read."""

    def first_file(self, path: Path, spec: Spec) -> Path:
        """Return the first file of an example by any of them, where examples may consist of several."""
        del spec
        return path

    @abstractmethod
    def views(self, path: Path, spec: Spec) -> Views:
        """Read one file just as preparation and evaluation would; called in several threads.

        Raises:
            InputError: The file cannot be read.
        """

    def judges(self, spec: Spec) -> Sequence[Judge]:
        """Return judges for what only this data set can say of outputs."""
        del spec
        return ()

    def from_encoded(self, spec: Spec) -> Callable[[tf.Tensor], dict[str, tf.Tensor]] | None:
        """Return what turns encoded files into a network's inputs, in a TensorFlow graph; None if nothing does.

        Files are those of images, (B,), or of the frames of clips, (B, T).
        """
        del spec
        return None

    def live_frames(self, source: Path | BinaryIO, spec: Spec, fps: float | None = None) -> Iterator[LiveFrame]:
        """Yield the frames of a video while it comes, as the network sees them.

        Args:
            source: A file or a folder of frames, or a binary stream.
            spec: Shapes of the network.
            fps: Frames shown per second of video at most; None: as many as evaluation shows.

        Raises:
            InputError: There is nothing to watch in these data; or, once the frames are asked for, the source cannot be
                read, or breaks off behind the frames that came.
        """
        raise InputError("", f"the run was trained on {self.media} ('{self.kind}'); a stream needs one of videos")


class LiveFrame(NamedTuple):
    """One frame of a video, as soon as it has come."""

    seconds: float
    """When it is shown; the first frame at 0."""
    picture: np.ndarray
    """Upright, RGB or grey, (H, W, C) uint8."""
