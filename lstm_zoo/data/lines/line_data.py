"""What all data sets of text lines share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from ...console.visible import tell
from ...contracts import SPLITS, InputError, Spec, Splits, Tensor, Text, Views
from ..pipeline.family import Record
from ..pipeline.prepared_data import PreparedData, views_of
from .letters import TextConfig, alphabet_of, called, equal_neighbours, right_to_left
from .line_config import LineAugment, LineConfig
from .page_files import PAGES, pages_and_lines

if TYPE_CHECKING:
    import numpy as np
    import tensorflow as tf

    from .family import TextLines

_PAGE = 500  # a picture so high, in pixels, and not much wider than high, is no line
_SPECK = 4


class LineData(PreparedData):
    """What all data sets of text lines share; the target of an item is its text."""

    media: ClassVar[str] = "images of lines"
    gives: ClassVar[str] = "line"
    shown: ClassVar[str] = "Dark ink on light ground, scaled to this height; the ratio of its sides is kept."
    target: ClassVar[str] = "text"
    noun: ClassVar[str] = "line"

    line: LineConfig = LineConfig()
    """How the network sees lines."""
    text: TextConfig = TextConfig()
    """What counts as text."""

    @property
    def varies(self) -> bool:
        return self.line.augment != LineAugment()

    def family(self, spec: Spec) -> TextLines:
        from .family import TextLines

        return TextLines(spec, self.line.augment)

    def expected_spec(self) -> Spec:
        """Return the spec; the alphabet is known before the pictures are read."""
        return self.spec_with(item.target for item in self.items().get("train", ()) if item.target)

    def spec_with(self, training_texts: Iterable[str]) -> Spec:
        """Return the spec, with the letters of the training texts for an alphabet."""
        alphabet = alphabet_of(training_texts)
        if not alphabet:
            raise InputError("data", "the training texts hold no letter; a network has nothing to learn from them")
        if backwards := right_to_left(alphabet):
            raise InputError(
                "data",
                f"the training texts hold letters of scripts that run from right to left ({', '.join(backwards[:5])}); "
                "only lines that run from left to right can be read",
            )
        return Spec(
            inputs={"line": self._tensor, "width": Tensor(shape=(), dtype="int32")},
            target=Text(
                alphabet=alphabet,
                pixels_per_step=self.line.pixels_per_step,
                single_spaces=self.text.white_space == "single",
                composed=self.text.unicode == "NFC",
            ),
        )

    def load(self, like: Spec | None = None, splits: Sequence[str] | None = None) -> Splits:
        loaded = super().load(like, splits)
        if splits is None:  # for training; afterwards, evaluation tells it
            _tell_unknown_letters(loaded)
        return loaded

    def check_like(self, like: Spec) -> None:
        """Refuse lines of another height or step than a run's network takes."""
        assert isinstance(like.target, Text)
        (height, _, _), step = like.inputs["line"].shape, like.target.pixels_per_step
        for key, now, then in (
            ("height", self.line.height, height),
            ("pixels_per_step", self.line.pixels_per_step, step),
        ):
            if now != then:
                raise InputError(f"data.line.{key}", f"is {now}, but the run was trained with {then}; it has to stay")

    @property
    def _tensor(self) -> Tensor:
        return Tensor(shape=(self.line.height, None, 1), measured_by="width")

    def files_below(self, folder: Path) -> list[Path]:
        return pages_and_lines(folder)

    def views(self, path: Path, spec: Spec) -> Views:
        if not path.name.lower().endswith(PAGES):
            return super().views(path, spec)
        from .page_views import page_views

        family = self.family(spec)
        return page_views(path, lambda grey: views_of(family, self.record_of(grey, cut=True)))

    def read(self, path: Path) -> Record:
        """Return the picture of a line, scaled to the height of lines."""
        from ...media.images import read_grey

        return self.record_of(read_grey(path))

    def record_of(self, grey: np.ndarray, text: str | None = None, *, cut: bool = False) -> Record:
        """Return a picture (h, w) uint8 as a record.

        Args:
            grey: The picture.
            text: What it says, where that is known.
            cut: Whether it was cut out of a page, so that it is none, however large.

        Raises:
            MediaError: It is no line, or too narrow for its text.
        """
        import tensorflow as tf

        from ...media.errors import MediaError
        from .line_pixels import as_line

        height, width = grey.shape
        if min(height, width) < _SPECK:
            raise MediaError(f"is a speck of {width} x {height} pixels, no line")
        if height >= _PAGE and width < 5 * height and not cut:
            raise MediaError(
                f"is {width} x {height} pixels, which looks like a page; cut it into lines first, or give its PAGE-XML "
                "or ALTO file, where its lines are marked"
            )
        if height > 2 * width:
            raise MediaError(f"stands upright ({width} x {height} pixels); lines run from left to right: turn it")
        if text is not None:
            self._check_steps(text, self.line.width_at_height(grey.shape))
        return {"line": as_line(tf.constant(grey[..., None]), self.line).numpy()}

    def _check_steps(self, text: str, width: int) -> None:
        """Raise a MediaError if CTC cannot spell a text in a line of that width, in pixels."""
        from ...media.errors import MediaError

        steps, equal = -(-width // self.line.pixels_per_step), equal_neighbours(text)
        if len(text) + equal > steps:
            raise MediaError(
                f"its text needs {len(text) + equal} steps ({len(text)} letters, {equal} between equal ones), but its "
                f"{width} pixels make {steps}; raise data.line.height, or lower data.line.pixels_per_step"
            )

    def from_encoded(self, spec: Spec) -> Callable[[tf.Tensor], dict[str, tf.Tensor]]:
        """Return what turns JPEG and PNG files, (B,) string, into lines as wide as the widest, and their widths."""
        import tensorflow as tf

        from .line_pixels import as_line, grey_of

        def columns(encoded: tf.Tensor) -> tf.Tensor:
            line: Any = as_line(grey_of(encoded), self.line)
            return tf.transpose(line[..., 0])  # (W, H)

        def lines(encoded: tf.Tensor) -> dict[str, tf.Tensor]:
            of_line = tf.RaggedTensorSpec([None, self.line.height], tf.uint8, 0)
            ragged: Any = tf.map_fn(columns, encoded, fn_output_signature=of_line)
            widths = tf.cast(ragged.row_lengths(), tf.int32)
            padded: Any = tf.transpose(ragged.to_tensor(shape=[None, None, self.line.height]), [0, 2, 1])
            return {"line": padded[..., tf.newaxis], "width": widths}

        del spec
        return lines


def _tell_unknown_letters(loaded: Splits) -> None:
    """Print which letters of the other splits the training texts lack: a network can never answer with them."""
    assert isinstance(loaded.spec.target, Text)
    known = frozenset(loaded.spec.target.alphabet)
    for split in SPLITS:
        unknown = Counter(letter for judged in loaded.judged(split) for letter in judged.truth if letter not in known)
        if unknown:
            named = "; ".join(f"{called(letter).strip()} ({times})" for letter, times in unknown.most_common())
            tell(f"{split}: {unknown.total()} of its letters are none of the training texts', each an error: {named}")
