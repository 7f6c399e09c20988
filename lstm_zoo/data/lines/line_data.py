"""What all data sets of text lines share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from ...contracts import InputError, Spec, Tensor, Text
from ...media.endings import IMAGES
from ..pipeline.family import Record
from ..pipeline.finding import files_ending
from ..pipeline.prepared_data import PreparedData
from .letters import TextConfig, alphabet_of, equal_neighbours
from .line_config import LineAugment, LineConfig

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
        return self.spec_with(item.target for item in self.items().get("train", ()))

    def spec_with(self, training_texts: Iterable[str]) -> Spec:
        """Return the spec, with the letters of the training texts for an alphabet."""
        alphabet = alphabet_of(training_texts)
        if not alphabet:
            raise InputError("data", "the training texts hold no letter; a network has nothing to learn from them")
        return Spec(
            inputs={"line": self._tensor, "width": Tensor(shape=(), dtype="int32")},
            target=Text(
                alphabet=alphabet,
                pixels_per_step=self.line.pixels_per_step,
                single_spaces=self.text.white_space == "single",
            ),
        )

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
        return Tensor(shape=(self.line.height, None, 1))

    def files_below(self, folder: Path) -> list[Path]:
        return files_ending(folder, IMAGES)

    def read(self, path: Path) -> Record:
        """Return the picture of a line, scaled to the height of lines."""
        from ...media.images import read_grey

        return self.record_of(read_grey(path))

    def record_of(self, grey: np.ndarray, text: str | None = None) -> Record:
        """Return a picture (h, w) uint8 as a record.

        Raises:
            MediaError: It is no line, or too narrow for its text.
        """
        import tensorflow as tf

        from ...media.errors import MediaError
        from .line_pixels import as_line

        height, width = grey.shape
        if min(height, width) < _SPECK:
            raise MediaError(f"is a speck of {width} x {height} pixels, no line")
        if height >= _PAGE and width < 5 * height:
            raise MediaError(f"is {width} x {height} pixels, which looks like a page; cut it into lines first")
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

        def lines(encoded: tf.Tensor) -> dict[str, tf.Tensor]:
            ragged: Any = tf.map_fn(
                lambda one: tf.transpose(as_line(grey_of(one), self.line)[..., 0]),  # (W, H)
                encoded,
                fn_output_signature=tf.RaggedTensorSpec([None, self.line.height], tf.uint8, 0),
            )
            widths = tf.cast(ragged.row_lengths(), tf.int32)
            padded = tf.transpose(ragged.to_tensor(shape=[None, None, self.line.height]), [0, 2, 1])
            return {"line": padded[..., tf.newaxis], "width": widths}

        del spec
        return lines
