"""What the recurrent layers over images have in common with Keras' own: first weights, what holds weights, dropout."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import ops


class GatedLayer(keras.layers.Layer):
    """Base of layers with gates; the options bear the names that they have in Keras' recurrent layers.

    Args:
        use_bias: Whether the gates have biases.
        kernel_initializer: Of the weights from the inputs, drawn direction by direction; None: Glorot's uniform one.
        recurrent_initializer: The same of those from the neighbours; None: that of the weights from the inputs.
        kernel_regularizer: Penalty on the weights from the inputs.
        recurrent_regularizer: The same of those from the neighbours.
        bias_regularizer: The same of the biases.
        kernel_constraint: What the weights from the inputs are brought to after each update, direction by direction.
        recurrent_constraint: The same of those from the neighbours.
        bias_constraint: The same of the biases.
        dropout: Share of the inputs that is dropped in training.
        seed: Of what is dropped; None: another one each time.
    """

    def __init__(
        self,
        use_bias: bool = True,
        kernel_initializer: Any = None,
        recurrent_initializer: Any = None,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        if not 0 <= dropout < 1:
            raise ValueError(f"dropout is {dropout}; expected 0 or more, and less than 1")
        self.supports_masking = True
        self.use_bias = use_bias
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.recurrent_initializer = keras.initializers.get(recurrent_initializer)
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)
        self.recurrent_regularizer = keras.regularizers.get(recurrent_regularizer)
        self.bias_regularizer = keras.regularizers.get(bias_regularizer)
        self.kernel_constraint = keras.constraints.get(kernel_constraint)
        self.recurrent_constraint = keras.constraints.get(recurrent_constraint)
        self.bias_constraint = keras.constraints.get(bias_constraint)
        self.dropout = dropout
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed) if dropout else None

    def held(self, kind: str) -> dict[str, Any]:
        """Return what holds weights of a kind (`kernel`, `recurrent`, `bias`), for `add_weight`."""
        return {
            "regularizer": getattr(self, f"{kind}_regularizer"),
            "constraint": getattr(self, f"{kind}_constraint"),
        }

    def dropped(self, inputs: Any, training: bool) -> Any:
        """Return inputs, in training with a share of them dropped."""
        if not (training and self.dropout):
            return inputs
        return keras.random.dropout(inputs, self.dropout, seed=self.seed_generator)

    def get_config(self):
        own = {name: getattr(self, name) for name in ("use_bias", "dropout", "seed")}
        for kind, serialize in (
            ("initializer", keras.initializers.serialize),
            ("regularizer", keras.regularizers.serialize),
            ("constraint", keras.constraints.serialize),
        ):
            names = [f"{weight}_{kind}" for weight in ("kernel", "recurrent", "bias")]
            own |= {name: serialize(getattr(self, name)) for name in names if hasattr(self, name)}
        return {**super().get_config(), **own}


def for_each_direction(constraint: Callable[[Any], Any] | None) -> Callable[[Any], Any] | None:
    """Return a constraint for the weights of several directions, (directions, ...), that holds those of each alone."""
    return constraint and (lambda weights: ops.stack([constraint(one) for one in ops.unstack(weights, axis=0)]))
