"""What layers share that are made of other layers."""

from __future__ import annotations

from typing import Any, TypeVar

import keras

Part = TypeVar("Part", bound=keras.layers.Layer)


class Composed(keras.layers.Layer):
    """Base of layers that are made of others: these compute in its dtype, and train only if it does.

    Args:
        quantized: Dtype policies of parts that `quantize` has changed, by their names; of a part that is composed, too,
            such a dict again. Configs have it; nobody writes it by hand.
        **options: As of any layer.
    """

    def __init__(self, quantized: dict[str, Any] | None = None, **options: Any):
        super().__init__(**options)
        self._quantized = quantized or {}

    def part(self, kind: type[Part], *args: Any, name: str, **options: Any) -> Part:
        """Return a layer that it is made of.

        Args:
            kind: Its class.
            *args: What that is called with.
            name: Its name, among the parts.
            **options: As `args`.
        """
        policy, quantized = self.dtype_policy, self._quantized.get(name)
        if issubclass(kind, Composed):
            options["quantized"] = quantized
        elif quantized:
            policy = keras.dtype_policies.deserialize(quantized)
        return kind(*args, name=name, dtype=policy, trainable=self.trainable, **options)

    def get_config(self) -> dict[str, Any]:
        config, quantized = super().get_config(), self._quantized_parts()
        return {**config, "quantized": quantized} if quantized else config

    def _quantized_parts(self) -> dict[str, Any]:
        found = {}
        for part in self._flatten_layers(include_self=False, recursive=False):
            if isinstance(part, Composed):
                found[part.name] = part._quantized_parts()
            elif part.quantization_mode:
                found[part.name] = keras.dtype_policies.serialize(part.dtype_policy)
        return {name: one for name, one in found.items() if one}
