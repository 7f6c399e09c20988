"""A SavedModel, for TensorFlow and its servers: signatures on pixels and on encoded files, settings as an asset."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .network import traceable

if TYPE_CHECKING:
    import keras

    from ..run import Run
    from .formats import Options

SERVING = "serving_default"
FROM_ENCODED = "from_encoded"
SETTINGS = "settings.json"


def save(network: keras.Model, path: Path, run: Run, options: Options) -> dict[str, Any]:
    """Write a network with the signatures `serving_default` and, unless it is streaming, `from_encoded`."""
    import tensorflow as tf

    function, signature, module = traceable(network)
    task, spec = run.config.task, run.spec

    @tf.function(autograph=False)
    def serving_default(inputs: Any) -> Any:
        return task.served(function(inputs), spec)

    signatures = {SERVING: serving_default.get_concrete_function(signature)}
    decode = None if options.streaming else run.config.data.from_encoded(spec)
    if decode is not None:

        @tf.function(autograph=False)
        def from_encoded(encoded: Any) -> Any:
            return task.served(function(decode(encoded)), spec)

        clips = len(spec.input_shape) == 4
        files = tf.TensorSpec([None, None] if clips else [None], tf.string, name="encoded")
        signatures[FROM_ENCODED] = from_encoded.get_concrete_function(files)
    with tempfile.TemporaryDirectory() as folder:
        settings = Path(folder, SETTINGS)
        settings.write_text(json.dumps(settings_of(run), indent=2, ensure_ascii=False), encoding="utf-8")
        module.settings = tf.saved_model.Asset(str(settings))
        tf.saved_model.save(module, str(path), signatures)
    return {"asset": f"assets/{SETTINGS}"}


def settings_of(run: Run) -> dict[str, Any]:
    """Return what a server may want to know of a run: its recipe, shapes, names of classes, words."""
    return {"config": run.config.model_dump(mode="json"), "spec": run.spec.model_dump(mode="json")}
