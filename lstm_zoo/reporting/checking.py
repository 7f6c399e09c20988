"""What a recipe amounts to before it runs: the network built dry, and what its data hold."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..config.recipe import Config
from ..contracts import SPLITS, Classes, Frames, LabelMap, Normal, Spec, Splits, Target, Text, Words
from .memory import refuse_giants, training_bytes

if TYPE_CHECKING:
    import keras


def dry_build(config: Config) -> dict[str, Any]:
    """Build the network without data or downloads and describe it.

    Args:
        config: The recipe.

    Returns:
        Inputs and target, layers with output shapes and parameters, how each recurrent layer will run here, what will
        be slow and why, and about how much memory training takes where pixels are labelled; ready for JSON.

    Raises:
        InputError: No machine has the memory that training would take.
    """
    import keras

    from ..layers.recurrent.implementation import implementation, recurrent_layers

    spec, encoder = config.data.expected_spec(), config.model.encoder
    refuse_giants(config, spec)
    own_file = encoder is not None and not encoder.downloads  # tried here; a download is left to training
    model = config.model.build(spec, pretrained=own_file)
    return {
        "config": config.name,
        "inputs": _shapes(spec),
        "target": spec.target.kind,
        "answers": _answers(spec.target),
        "parameters": model.count_params(),
        "trainable": sum(math.prod(weight.shape) for weight in model.trainable_weights),
        "layers": [
            {
                "name": layer.name,
                "kind": type(layer).__name__,
                "output": keras.tree.flatten(layer.output)[0].shape,  # its states, if any, come behind
                "parameters": layer.count_params(),
            }
            for layer in model.layers
        ],
        "recurrent": {layer.name: implementation(layer)._asdict() for layer in recurrent_layers(model)},
        "slow": list(_slow_parts(config, model)),
        "memory_bytes": training_bytes(model, config.train.batch_size) if _labels_pixels(spec) else None,
    }


def _labels_pixels(spec: Spec) -> bool:
    """Say whether a network answers for every pixel of blocks of one size."""
    return isinstance(spec.target, LabelMap) and None not in spec.only_input[1].shape


def _shapes(spec: Spec) -> dict[str, tuple[int | None, ...]]:
    """Return the shape of each input of a network in use, by name."""
    return {name: tensor.shape for name, tensor in spec.inputs.items()}


def _answers(target: Target) -> str:
    """Return what a network answers with, for people."""
    if isinstance(target, Classes | LabelMap):
        return f"{len(target.names)} classes" + " a pixel" * isinstance(target, LabelMap)
    if isinstance(target, Text):
        return f"text of {len(target.alphabet)} letters"
    if isinstance(target, Frames):
        return f"the next {target.horizon} frames"
    if isinstance(target, Normal):
        return "how little normal each place is"
    return f"{len(target.vocabulary)} words" if isinstance(target, Words) else f"a number ({target.unit})"


def _slow_parts(config: Config, model: keras.Model) -> Iterator[str]:
    """Yield what will take much longer than it might, each with what to do about it."""
    from ..layers.recurrent.cudnn import gpu_visible
    from ..layers.recurrent.implementation import has_convolutions, implementation, recurrent_layers

    train, encoder = config.train, config.model.encoder
    frozen = encoder is not None and encoder.frozen
    for layer in recurrent_layers(model):
        runs = implementation(layer)
        if runs.kind == "Keras' loop":
            yield f"{layer.name} runs in Keras' own loop ({runs.why.split(';')[0]})"
    if frozen:
        if train.cached_views == 0:
            yield "the frozen encoder runs again in every epoch; train.cached_views=null keeps features where it can"
        elif train.cached_views is None and config.data.varies:
            yield (
                "the frozen encoder runs again in every epoch, since training examples vary (augment, train_sampling); "
                "train.cached_views=8 computes the features of 8 views of each once"
            )
    if gpu_visible():
        return
    if encoder is not None and not frozen:
        pictures = train.batch_size * math.prod(next(iter(model.input.values())).shape[1:-3])
        yield f"the encoder is trained, on {pictures} pictures a step, without a GPU; a frozen one is many times faster"
    if train.jit_compile and has_convolutions(model) and not (frozen and train.cached_views):
        yield "XLA's convolutions are several times slower than oneDNN's on a CPU; set train.jit_compile=null"
    if train.precision != "float32":
        yield f"{train.precision} is slower than float32 on most CPUs; set train.precision=float32"


def data_facts(config: Config, splits: Splits) -> dict[str, Any]:
    """Return what each split holds (examples of each class, say), what was left out, and what features take."""
    from ..data.pipeline.features import bytes_of, features_folder

    return {
        "data": config.data.kind,
        "inputs": _shapes(splits.spec),
        "seconds": splits.spec.seconds,
        "fingerprint": splits.fingerprint,
        "splits": {
            split: {"examples": splits.size(split), **splits.counts(split)} for split in SPLITS if splits.size(split)
        },
        "remarks": [*config.data.remarks(), *splits.remarks()],
        "bad_files": splits.bad_files,
        "features_bytes": bytes_of(features_folder(splits.folder)),
    }
