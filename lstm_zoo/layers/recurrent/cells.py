"""The LSTM cell as teaching texts write it (Hochreiter & Schmidhuber 1997; forget gate: Gers et al. 2000).

One weight matrix for each gate, on the hidden state and the input side by side:

    f  = sigma(W_f [h_{t-1}, x_t] + b_f)    (1) forget gate: what to keep of the cell
    i  = sigma(W_i [h_{t-1}, x_t] + b_i)    (2) input gate: how much of the candidate to add
    C~ = tanh(W_C [h_{t-1}, x_t] + b_C)     (3) candidate
    C  = f * C_{t-1} + i * C~               (4) cell state
    o  = sigma(W_o [h_{t-1}, x_t] + b_o)    (5) output gate: what to show of the cell
    h  = o * tanh(C)                        (6) hidden state

It is the readable twin of `lstm_zoo.layers.LSTM`, and slow.
"""

from __future__ import annotations

import keras
import numpy as np
from keras import ops

_GATES = ("i", "f", "C", "o")  # in the order in which Keras packs them


@keras.saving.register_keras_serializable("lstm_zoo")
class TextbookLSTMCell(keras.layers.Layer):
    """One step of an LSTM, equation by equation, for `keras.layers.RNN`.

    Args:
        units: Units, U.
        unit_forget_bias: Whether the forget gate's bias starts at 1 (Jozefowicz et al., ICML 2015) instead of at what
            `bias_initializer` says.
        bias_initializer: Initializer of the other biases, called for the shape (4U,), gates in the order i, f, C~, o;
            see `ChronoBias`.
        seed: Seed of the initial weights; None: of Keras' global generator.

    Call arguments:
        inputs: Inputs of one step, (B, D).
        states: h and C before the step, (B, U) each.

    Returns:
        h, (B, U), and the list of h and C after the step.
    """

    def __init__(self, units, unit_forget_bias=True, bias_initializer="zeros", seed=None, **options):
        super().__init__(**options)
        self.units = units
        self.unit_forget_bias = unit_forget_bias
        self.bias_initializer = keras.initializers.get(bias_initializer)
        self.seed = seed
        self.state_size = [units, units]
        self.output_size = units

    def build(self, input_shape):
        width, units = input_shape[-1], self.units
        kernel = keras.initializers.GlorotUniform(self.seed)
        recurrent_kernel = keras.initializers.Orthogonal(seed=self.seed)

        def matrix(columns):
            """Return the initializer of one gate: its columns of what Keras starts with, (U + D, U)."""
            packed = [(recurrent_kernel, (units, 4 * units)), (kernel, (width, 4 * units))]

            def draw(shape, dtype=None):
                exact = keras.backend.result_type(dtype, "float32")  # no backend has bfloat16 of orthogonal matrices
                drawn = [start(size, exact)[:, columns] for start, size in packed]
                return ops.cast(ops.concatenate(drawn), dtype)

            return draw

        def bias(gate, columns):
            if gate == "f" and self.unit_forget_bias:
                return "ones"
            return lambda shape, dtype=None: self.bias_initializer((4 * units,), dtype)[columns]

        for number, gate in enumerate(_GATES):
            columns = slice(number * units, (number + 1) * units)
            first = {
                f"W_{gate}": ((units + width, units), matrix(columns)),
                f"b_{gate}": ((units,), bias(gate, columns)),
            }
            for name, (shape, initializer) in first.items():
                setattr(self, name, self.add_weight(shape=shape, initializer=initializer, name=name))
        self.built = True

    def call(self, inputs, states):
        h, C = states
        hx = ops.concatenate([h, inputs], axis=-1)  # (B, U + D)
        f = ops.sigmoid(ops.matmul(hx, self.W_f) + self.b_f)  # (1)
        i = ops.sigmoid(ops.matmul(hx, self.W_i) + self.b_i)  # (2)
        candidate = ops.tanh(ops.matmul(hx, self.W_C) + self.b_C)  # (3)
        C = f * C + i * candidate  # (4)
        o = ops.sigmoid(ops.matmul(hx, self.W_o) + self.b_o)  # (5)
        h = o * ops.tanh(C)  # (6)
        return h, [h, C]

    def packed_weights(self) -> list[np.ndarray]:
        """Return the weights as `keras.layers.LSTM` has them.

        Returns:
            Kernel (D, 4U), recurrent kernel (U, 4U) and bias (4U,), gates in the order i, f, C~, o.
        """
        both, bias = (
            np.concatenate([ops.convert_to_numpy(getattr(self, f"{kind}_{gate}")) for gate in _GATES], axis=-1)
            for kind in "Wb"
        )  # (U + D, 4U), (4U,)
        return [both[self.units :], both[: self.units], bias]

    def set_packed_weights(self, weights: list) -> None:
        """Take weights as `keras.layers.LSTM` has them: kernel, recurrent kernel and bias.

        Raises:
            ValueError: The shapes are not those of this cell, or it is not built yet.
        """
        if not self.built:
            raise ValueError(f"{self.name} has no weights yet; call it once, or build((None, D)), before setting them")
        weights = [ops.convert_to_numpy(one) for one in weights]
        came, expected = ([one.shape for one in of] for of in (weights, self.packed_weights()))
        if came != expected:
            raise ValueError(f"packed LSTM weights have the shapes {came}; this cell's have {expected}")
        kernel, recurrent_kernel, bias = weights
        both = np.concatenate([recurrent_kernel, kernel])  # (U + D, 4U)
        for gate, columns, biases in zip(_GATES, np.split(both, 4, axis=1), np.split(bias, 4), strict=True):
            getattr(self, f"W_{gate}").assign(columns)
            getattr(self, f"b_{gate}").assign(biases)

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "unit_forget_bias": self.unit_forget_bias,
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
            "seed": self.seed,
        }


@keras.saving.register_keras_serializable("lstm_zoo")
class ChronoBias(keras.initializers.Initializer):
    """Chrono initialisation of an LSTM's bias (Tallec & Ollivier, ICLR 2018, arXiv 1804.11188).

    The forget gate's biases are log(u) with u uniform from 1 to `num_steps` - 1, so that the cells forget over times
    from one step to the whole sequence; the input gate's are their negatives, the others 0. For `bias_initializer` of
    an LSTM with `unit_forget_bias=False`.

    Args:
        num_steps: Length of the longest dependency, usually T; at least 3.
        seed: Seed; None: of Keras' global generator.

    Raises:
        ValueError: `num_steps` is below 3.
    """

    def __init__(self, num_steps: int, seed: int | None = None):
        if num_steps < 3:
            raise ValueError(f"ChronoBias: num_steps is {num_steps}; chrono initialisation needs 3 steps or more")
        self.num_steps = num_steps
        self.seed = seed
        self._times = keras.initializers.RandomUniform(1.0, num_steps - 1.0, seed)

    def __call__(self, shape, dtype=None):
        """Return biases.

        Args:
            shape: (4U,), gates in the order i, f, C~, o.
            dtype: Type of the biases.
        """
        (length,) = shape
        units = length // 4
        forget = ops.log(self._times((units,)))
        return ops.cast(ops.concatenate([-forget, forget, ops.zeros(2 * units)]), dtype or keras.config.floatx())

    def get_config(self):
        return {"num_steps": self.num_steps, "seed": self.seed}
