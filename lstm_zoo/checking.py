"""What a recipe amounts to before it runs: the network built dry, and what its data hold."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any

from .contracts import Splits

if TYPE_CHECKING:
    from .config import Config


def dry_build(config: Config) -> dict[str, Any]:
    """Build the network without data or downloads and describe it.

    Args:
        config: The recipe.

    Returns:
        Layers with output shapes and parameters, and how each recurrent layer will run here; ready for JSON.
    """
    from .layers.implementation import implementation, recurrent_layers

    spec = config.data.expected_spec()
    backbone = getattr(config.model, "backbone", None)
    own_file = backbone is not None and backbone.weights != "imagenet"  # tried here; a download is left to training
    model = config.model.build(spec, pretrained=own_file)
    return {
        "config": config.name,
        "input_shape": spec.input_shape,
        "classes": len(spec.class_names),
        "parameters": model.count_params(),
        "trainable": sum(math.prod(weight.shape) for weight in model.trainable_weights),
        "layers": [
            {
                "name": layer.name,
                "kind": type(layer).__name__,
                "output": layer.output.shape,
                "parameters": layer.count_params(),
            }
            for layer in model.layers
        ],
        "recurrent": {layer.name: implementation(layer)._asdict() for layer in recurrent_layers(model)},
    }


def data_facts(config: Config, splits: Splits) -> dict[str, Any]:
    """Return the number of examples of each class in each split, and what was left out; ready for JSON."""
    names = splits.spec.class_names
    return {
        "data": config.data.kind,
        "input_shape": splits.spec.input_shape,
        "clip_seconds": splits.spec.clip_seconds,
        "fingerprint": splits.fingerprint,
        "splits": {
            split: {names[k]: count for k, count in sorted(Counter(splits.targets(split).tolist()).items())}
            for split in ("train", "val", "test")
            if splits.size(split)
        },
        "bad_files": splits.bad_files,
    }
