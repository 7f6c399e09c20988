"""What layers share that are made of other layers."""

from __future__ import annotations

from typing import Any, TypeVar

import keras

Part = TypeVar("Part", bound=keras.layers.Layer)


class Composed(keras.layers.Layer):
    """Base of layers that are made of others: these compute in its dtype, and train only if it does."""

    def part(self, kind: type[Part], *args: Any, **options: Any) -> Part:
        """Return a layer that it is made of.

        Args:
            kind: Its class.
            *args: What that is called with.
            **options: The same.
        """
        return kind(*args, **options, dtype=self.dtype_policy, trainable=self.trainable)
