"""PyraMiD-LSTM (Stollenga, Byeon, Liwicki, Schmidhuber, NIPS 2015): convolutional LSTMs that sweep from every side.

The loop over planes is `keras.ops.scan`. In training by TensorFlow, up to `_UNROLLED_PLANES` planes are written out one
by one: a step of `lstmzoo bench --only labeller_training` then took an eighth less, since the gradient of that loop
keeps and adds up zeros for all that it stacks. Tracing took half as long again.
"""

from __future__ import annotations

import itertools
from functools import partial
from typing import Any, Literal, NamedTuple

import keras
from keras import ops

from ..recurrent.scan import scan
from .gated import GatedLayer

_UNROLLED_PLANES = 32
_conv = partial(ops.conv, padding="same", data_format="channels_last")


class _Sweep(NamedTuple):
    """The weights of one direction."""

    kernel: Any
    """(*k, D, 4U), gates in Keras' order i, f, c~ (here g), o."""
    recurrent_kernel: Any
    """(*k, U, 4U)."""
    bias: Any
    """(4U,)."""


@keras.saving.register_keras_serializable("lstm_zoo")
class PyraMiDLSTM(GatedLayer):
    """Convolutional LSTMs that sweep an image or a volume from every side, plane by plane; their outputs are added.

    Along each axis one sweep goes forwards and one backwards, each with its own weights. Of plane t, which is a line of
    an image or a slice of a volume, with zero states before the first plane (* is a convolution with zeros around):

        i, f, o = sigmoid(x_t * K_x + h_{t-1} * K_h + b)    g = tanh(x_t * K_x + h_{t-1} * K_h + b)
        c_t = f c_{t-1} + i g    h_t = o tanh(c_t)

    What one sweep sees of the input before a voxel is a pyramid; those of all sweeps leave no gaps.

    Args:
        units: Units U of each sweep.
        kernel_size: Side k of the square (in images: length of the stretch) of the plane before that a unit sees; odd.
        merge: How the sweeps' outputs become one, `sum` or `mean`.
        return_sequences: True. What sweeps along different axes end with are planes of different shapes, of which no
            one answer can be made; for one answer an image or a volume, pool the map.

    Other arguments are those of `GatedLayer`.

    Input shape:
        (B, H, W, D) for 4 sweeps, or (B, Z, H, W, D) for 6. All sizes but D may be unknown. A mask (B, H, W) or
        (B, Z, H, W) says what is picture: outside of it inputs, states and outputs are 0, as beyond the borders.

    Output shape:
        (B, H, W, U) or (B, Z, H, W, U).

    Raises:
        ValueError: An argument or the input's shape does not fit.
    """

    def __init__(
        self,
        units: int,
        kernel_size: int = 7,
        merge: Literal["sum", "mean"] = "sum",
        return_sequences: Literal[True] = True,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        if units < 1:
            raise ValueError(f"units: got {units}, expected 1 or more")
        if not isinstance(kernel_size, int) or kernel_size < 1 or kernel_size % 2 == 0:
            raise ValueError(f"kernel_size: got {kernel_size!r}, expected an odd number such as 7")
        if merge not in ("sum", "mean"):
            raise ValueError(f"merge: got {merge!r}, expected 'sum' or 'mean'")
        if not return_sequences:
            raise ValueError(
                "return_sequences: got False, expected True: sweeps along different axes end with planes of different "
                "shapes; for one answer an input, put keras.layers.GlobalAveragePooling2D (volumes: 3D) after the layer"
            )
        self.units = units
        self.kernel_size = kernel_size
        self.merge = merge
        self.return_sequences = return_sequences
        self.sweeps = []
        # TensorFlow's XLA cannot compile the gradient of `keras.ops.scan` (Keras 3.15), which more planes run through.
        self.supports_jit = keras.backend.backend() != "tensorflow"

    def build(self, input_shape):
        rank, width = len(input_shape), input_shape[-1]
        if rank not in (4, 5) or width is None:
            raise ValueError(
                f"PyraMiDLSTM: got an input of shape {tuple(input_shape)}, expected (B, H, W, D) or (B, Z, H, W, D) "
                "with a known D"
            )
        window, rows = (self.kernel_size,) * (rank - 3), 4 * self.units
        for axis, direction in itertools.product("zhw"[5 - rank :], ("forward", "backward")):
            name = f"{axis}_{direction}"
            first = {"initializer": _own(self.kernel_initializer), **self.held("kernel")}
            kernel = self.add_weight(shape=(*window, width, rows), **first, name=f"{name}_kernel")
            first = {
                "initializer": _own(self.recurrent_initializer or self.kernel_initializer),
                **self.held("recurrent"),
            }
            recurrent = self.add_weight(shape=(*window, self.units, rows), **first, name=f"{name}_recurrent_kernel")
            first = {"initializer": _open_forget_gates, **self.held("bias")}
            bias = self.add_weight(shape=(rows,), **first, name=f"{name}_bias") if self.use_bias else 0.0
            self.sweeps.append(_Sweep(kernel, recurrent, bias))
        self.input_spec = keras.layers.InputSpec(ndim=rank, axes={-1: width})
        self.built = True

    def call(self, inputs, mask=None, training=False):
        inputs = self.dropped(ops.cast(inputs, self.compute_dtype), training)
        inside = None if mask is None else ops.cast(ops.cast(mask, "bool"), self.compute_dtype)[..., None]
        if inside is not None:
            inputs = inputs * inside
        merged = sum(self._along(inputs, inside, axis, training) for axis in range(1, len(inputs.shape) - 1))
        return merged / len(self.sweeps) if self.merge == "mean" else merged

    def _along(self, inputs, inside, axis, training):
        """Return the sum of the two sweeps along an axis, (B, ..., D) -> (B, ..., U)."""
        planes = ops.moveaxis(inputs, axis, 0)  # (A, B, *plane, D) for an axis of length A
        inside = None if inside is None else ops.moveaxis(inside, axis, 0)  # (A, B, *plane, 1)
        forward, backward = self.sweeps[2 * axis - 2 : 2 * axis]
        sweep = partial(self._over_planes, planes, inside, unroll=training and _unrolls(planes.shape[0]))
        return ops.moveaxis(sweep(forward) + sweep(backward, reverse=True), 0, axis)

    def _over_planes(self, planes, inside, sweep, reverse=False, unroll=False):
        """Return the hidden states of one sweep, (A, B, *plane, D) -> (A, B, *plane, U)."""
        kernel, recurrent_kernel, bias = (ops.cast(weight, self.compute_dtype) for weight in sweep)
        sizes = ops.shape(planes)
        projected = _conv(ops.reshape(planes, (-1, *sizes[2:])), kernel) + bias  # (A * B, *plane, 4U): all at once
        projected = ops.reshape(projected, (*sizes[:-1], 4 * self.units))
        zeros = ops.zeros_like(projected[0, ..., : self.units])

        def step(carried, projected, inside=None):
            h, c = carried
            i, f, g, o = ops.split(projected + _conv(h, recurrent_kernel), 4, axis=-1)
            c = ops.sigmoid(f) * c + ops.sigmoid(i) * ops.tanh(g)
            h = ops.sigmoid(o) * ops.tanh(c)
            return (h, c) if inside is None else (h * inside, c * inside)

        inputs = (projected,) if inside is None else (projected, inside)
        states = scan(step, (zeros, zeros), inputs, backwards=reverse, join_axis=len(sizes) - 2, unroll=unroll)
        return states[0]

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)

    def get_config(self):
        own = {name: getattr(self, name) for name in ("units", "kernel_size", "merge", "return_sequences")}
        return {**super().get_config(), **own}


def _unrolls(num_planes):
    """Say whether training takes so many planes (None: not known) one by one, without a loop."""
    return keras.backend.backend() == "tensorflow" and num_planes is not None and num_planes <= _UNROLLED_PLANES


def _own(initializer):
    """Return an initializer that draws other numbers than those before; None: Keras' own."""
    return initializer and initializer.clone()


def _open_forget_gates(shape, dtype=None):
    """Return first biases of the gates i, f, g, o: 1 for f, 0 for the others."""
    units = shape[0] // 4
    return ops.concatenate([ops.zeros(units, dtype), ops.ones(units, dtype), ops.zeros(2 * units, dtype)])
