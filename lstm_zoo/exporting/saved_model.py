"""A SavedModel, for TensorFlow and its servers: signatures on inputs and on encoded files, settings as an asset."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from ..runs.network import RunNetwork
from .network import traceable
from .options import Options
from .runtimes import SERVING
from .settings import SETTINGS, settings_text

FROM_ENCODED = "from_encoded"
NUMBERS = "numbers"


def save(network: keras.Model, path: Path, run: RunNetwork, options: Options) -> dict[str, Any]:
    """Write a network with the signature `serving_default`, and what else there can be.

    Where its data are pictures, `from_encoded` takes files; where text comes out, `numbers` is without it, for runtimes
    that have no operations on text.
    """
    function, module = traceable(network)
    data, task, spec = run.config.data, run.config.task, run.spec

    @tf.function(autograph=False, input_signature=function.input_signature)
    def serving_default(inputs: Any) -> Any:
        return task.served(function(inputs), spec)

    signatures = {SERVING: serving_default.get_concrete_function()}
    if any(one.dtype == tf.string for one in signatures[SERVING].structured_outputs.values()):
        signatures[NUMBERS] = function.get_concrete_function()
    decode = None if options.streaming else data.from_encoded(spec)
    if decode is not None:
        shapes = {name: one.shape for name, one in network.input.items()}
        files = shapes[data.gives][:-3]  # a file for each picture (H, W, C)

        @tf.function(autograph=False, input_signature=[tf.TensorSpec(files, tf.string, name="encoded")])
        def from_encoded(encoded: Any) -> Any:
            pictures = {name: tf.ensure_shape(one, shapes[name]) for name, one in decode(encoded).items()}
            return task.served(function(pictures), spec)

        signatures[FROM_ENCODED] = from_encoded.get_concrete_function()
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        settings = Path(folder, SETTINGS)
        told = settings_text(run, options.recipe, network.input, signatures[SERVING].structured_outputs)
        settings.write_text(told, encoding="utf-8")
        module.settings = tf.saved_model.Asset(str(settings))
        tf.saved_model.save(module, str(path), signatures)
    return {"asset": f"assets/{SETTINGS}"}
