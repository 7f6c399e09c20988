"""Frames taken apart into squares of pixels, and put together again: space becomes depth and depth space."""

from __future__ import annotations

from typing import Any

from keras import ops


def to_patches(frames: Any, side: int) -> Any:
    """Return the squares of frames, (B, T, H, W, C) to (B, T, h, w, side * side * C), black beyond the last pixels."""
    height, width, channels = frames.shape[-3:]
    rows, columns = -(-height // side), -(-width // side)
    if (rows * side, columns * side) != (height, width):
        frames = ops.pad(frames, ((0, 0), (0, 0), (0, rows * side - height), (0, columns * side - width), (0, 0)))
    steps = frames.shape[1]
    x = ops.reshape(frames, (-1, rows, side, columns, side * channels))
    return ops.reshape(ops.transpose(x, (0, 1, 3, 2, 4)), (-1, steps, rows, columns, side * side * channels))


def from_patches(patches: Any, side: int, height: int, width: int) -> Any:
    """Return the frames that squares are of, (B, T, h, w, side * side * C) to (B, T, height, width, C)."""
    steps, rows, columns, depth = patches.shape[1:]
    channels = depth // side**2
    x = ops.reshape(patches, (-1, rows, columns, side, side * channels))
    x = ops.reshape(ops.transpose(x, (0, 1, 3, 2, 4)), (-1, steps, rows * side, columns * side, channels))
    return x[:, :, :height, :width]
