"""Images as grids of windows, each one vector, as the 2-D LSTMs of Byeon et al. read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..contracts import InputError, Spec

if TYPE_CHECKING:
    import keras


def image_input(spec: Spec) -> keras.KerasTensor:
    """Return a network's input, (B, H, W, C) uint8."""
    import keras

    return keras.Input(spec.input_shape, dtype="uint8", name="image")


def in_windows(inputs: keras.KerasTensor, spec: Spec, window: int) -> tuple[keras.KerasTensor, Any]:
    """Return an image's windows, (B, H / n, W / n, n * n * C) in -1..1, and a mask of them.

    Args:
        inputs: Images, (B, H, W, C) uint8; where they are masked, the last channel says what is picture.
        spec: Their shape.
        window: Side n of a window, in pixels.

    Returns:
        The windows, and which of them hold some picture, (B, H / n, W / n) bool; None: all do.

    Raises:
        InputError: The sides of the images are no multiples of the window's.
    """
    import keras

    from ..layers import ImageScaling

    height, width, channels = spec.input_shape
    if height % window or width % window:
        sides = [-(-side // window) * window for side in (height, width)]
        raise InputError(
            "model.window",
            f"{window} pixels do not divide images of {height} x {width}; choose another window, or let images be "
            f"padded with --set data.image.size=[{sides[0]},{sides[1]}]",
        )
    grid = (height // window, width // window)
    pixels = ImageScaling("tf", name="scaling")(inputs[..., :-1] if spec.masked else inputs)
    mask = None
    if spec.masked:
        inside = inputs[..., -1:] > 0
        pixels = pixels * keras.ops.cast(inside, pixels.dtype)
        inside = keras.ops.reshape(inside, (-1, grid[0], window, grid[1], window))
        mask = keras.ops.any(inside, axis=(2, 4))  # (B, h, w)
    row = window * (channels - spec.masked)
    x = keras.layers.Reshape((grid[0], window, grid[1], row), name="rows_of_windows")(pixels)
    x = keras.layers.Permute((1, 3, 2, 4), name="columns_of_windows")(x)
    return keras.layers.Reshape((*grid, window * row), name="windows")(x), mask
