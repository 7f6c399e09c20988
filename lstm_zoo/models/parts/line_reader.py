"""What networks share that read lines of text: from pixels to ink, and from steps to letters."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from ...contracts import InputError, ModelConfig, Spec, Text

if TYPE_CHECKING:
    import keras


class LineReader(ModelConfig):
    """A network from lines, (B, H, W, 1) uint8, and their widths, (B,), to letters at each step, (B, S, K + 1)."""

    takes: ClassVar[frozenset[str]] = frozenset({"line"})
    answers: ClassVar[str] = "text"

    @abstractmethod
    def steps(self, ink: Any, width: Any, pixels_per_step: int) -> Any:
        """Return what is read at each step, (B, S, D).

        Args:
            ink: Lines, (B, H, W, 1), 1 where there is ink and 0 where there is none, beyond their ends too.
            width: Their widths in pixels, (B,).
            pixels_per_step: Pixels of a line's width for each step.
        """

    def build(self, spec: Spec, *, pretrained: bool = True) -> keras.Model:
        import keras

        from ...layers import BlankBeyond, ImageScaling, StepMask, WithinWidth

        del pretrained
        assert isinstance(spec.target, Text)
        pixels = spec.target.pixels_per_step
        line = keras.Input(spec.inputs["line"].shape, dtype="uint8", name="line")  # (B, H, W, 1)
        width = keras.Input((), dtype="int32", name="width")  # (B,)
        ink = 1.0 - ImageScaling("unit", name="scaling")(line)
        ink = WithinWidth(name="within_width")(ink, width)
        x = self.steps(ink, width, pixels)  # (B, S, D)
        logits = keras.layers.Dense(len(spec.target.alphabet) + 1, dtype="float32", name="logits")(x)  # (B, S, K + 1)
        mask = StepMask(pixels, name="steps")(logits, width)
        outputs = BlankBeyond(name="blank_beyond", dtype="float32")(logits, mask)
        return keras.Model({"line": line, "width": width}, outputs, name=self.kind)


def columns_of(ink: Any, width: Any, filters: Sequence[int], pixels_per_step: int) -> tuple[Any, int]:
    """Return maps of lines after some convolutions, (B, h, S, C), and the width of their columns in pixels."""
    x, pixels = ink, 1
    for number, (maps, pool) in enumerate(zip(filters, pools(len(filters), pixels_per_step), strict=True), 1):
        x = convolved(x, width, maps, pool, pixels, f"cnn_{number}")
        pixels *= pool[1]
    return x, pixels


def convolved(x: Any, width: Any, filters: int, pool: tuple[int, int], pixels: int, name: str) -> Any:
    """Return maps of ink after a convolution, normalised and pooled, 0 beyond the ends of lines.

    Args:
        x: Maps, (B, H, W / pixels, C).
        width: Widths of the lines in pixels, (B,).
        filters: Maps that come out.
        pool: Height and width of what becomes one cell.
        pixels: Width of a column of `x`, in pixels.
        name: Of the layers.
    """
    import keras

    from ...layers import WithinWidth

    x = keras.layers.Conv2D(filters, 3, padding="same", use_bias=False, name=f"{name}_conv")(x)
    x = keras.layers.BatchNormalization(momentum=0.9, name=f"{name}_norm")(x)
    x = WithinWidth(pixels, name=f"{name}_within")(keras.layers.ReLU(name=f"{name}_relu")(x), width)
    return keras.layers.MaxPooling2D(pool, padding="same", name=f"{name}_pool")(x) if pool != (1, 1) else x


def pools(number: int, pixels_per_step: int) -> list[tuple[int, int]]:
    """Return by how much each of some convolutions shrinks height and width, so that steps are as wide as they should.

    All but the last halve the height; as many halve the width as it takes.
    """
    halvings = pixels_per_step.bit_length() - 1
    if number <= halvings:
        raise InputError(
            "data.line.pixels_per_step",
            f"is {pixels_per_step}: {halvings} of the layers before the last have to halve the width, but there are "
            f"{number - 1}; add layers to the model, or take fewer pixels",
        )
    return [(2 if at < number - 1 else 1, 2 if at < halvings else 1) for at in range(number)]
