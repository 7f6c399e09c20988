"""From pictures in uint8 to what LSTMs over space read: scaled pixels, whole or as a grid of windows, and a mask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...contracts import InputError, Spec

if TYPE_CHECKING:
    import keras


def picture_input(spec: Spec) -> keras.KerasTensor:
    """Return a network's input, images (B, H, W, C) or volumes (B, Z, H, W, C), uint8."""
    import keras

    name, tensor = spec.only_input
    return keras.Input(tensor.shape, dtype=tensor.dtype, name=name)


def scaled_pixels(inputs: keras.KerasTensor, spec: Spec) -> tuple[keras.KerasTensor, Any]:
    """Return pixels in -1..1, (B, ..., C), 0 where there is no picture, and where there is one, (B, ...) bool.

    Args:
        inputs: Pictures; where they are masked, the last channel says what is picture.
        spec: Their shape.

    Returns:
        The pixels, and the mask; None: there is picture everywhere.
    """
    import keras

    from ...layers import ImageScaling

    if not spec.only_input[1].masked:
        return ImageScaling("tf", name="scaling")(inputs), None
    pixels = ImageScaling("tf", name="scaling")(inputs[..., :-1])
    inside = inputs[..., -1:] > 0
    return pixels * keras.ops.cast(inside, pixels.dtype), keras.ops.squeeze(inside, axis=-1)


def in_windows(inputs: keras.KerasTensor, spec: Spec, window: int) -> tuple[keras.KerasTensor, Any]:
    """Return an image's windows, (B, H / n, W / n, n * n * C) in -1..1, and a mask of them.

    Args:
        inputs: Images, (B, H, W, C) uint8; where they are masked, the last channel says what is picture.
        spec: Their shape.
        window: Side n of a window, in pixels.

    Returns:
        The windows, and which of them hold some picture, (B, H / n, W / n) bool; None: all do.

    Raises:
        InputError: Their sides are no multiples of the window's.
    """
    import keras

    tensor = spec.only_input[1]
    height, width, channels = tensor.shape
    assert height and width and channels, "images of a fixed size"
    if height % window or width % window:
        sides = [-(-side // window) * window for side in (height, width)]
        raise InputError(
            "model.window",
            f"{window} pixels do not divide images of {height} x {width}; choose another window, or let images be "
            f"padded with --set data.image.size=[{sides[0]},{sides[1]}]",
        )
    grid = (height // window, width // window)
    pixels, mask = scaled_pixels(inputs, spec)
    if mask is not None:
        mask = keras.ops.reshape(mask, (-1, grid[0], window, grid[1], window))
        mask = keras.ops.any(mask, axis=(2, 4))  # (B, h, w)
    row = window * (channels - tensor.masked)
    x = keras.layers.Reshape((grid[0], window, grid[1], row), name="rows_of_windows")(pixels)
    x = keras.layers.Permute((1, 3, 2, 4), name="columns_of_windows")(x)
    return keras.layers.Reshape((*grid, window * row), name="windows")(x), mask


def without_padding(x: Any, mask: Any) -> Any:
    """Return what stands in pixels or windows, (B, ..., D), with 0 where there is no picture.

    Being no layer, it also ends the mask that Keras hands on by itself, and would multiply into losses of other axes.
    """
    import keras

    return x if mask is None else x * keras.ops.cast(mask, x.dtype)[..., None]


def mean_of_windows(x: Any, mask: Any) -> Any:
    """Return the mean over the windows that hold some picture, (B, h, w, D) to (B, D)."""
    import keras

    mean = keras.ops.mean(without_padding(x, mask), axis=(1, 2))
    if mask is None:
        return mean
    share = keras.ops.mean(keras.ops.cast(mask, mean.dtype), axis=(1, 2))[:, None]
    return mean / keras.ops.maximum(share, 1e-6)
