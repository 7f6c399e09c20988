"""A LiteRT file, for telephones and small devices: built-in operations alone, all loops over time written out."""

from __future__ import annotations

import re
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from ..layers.recurrent.implementation import recurrent_layers
from ..layers.recurrent.recurrence import FastRecurrence
from ..layers.recurrent.scan import looped_by, written_out
from ..runs.network import RunNetwork
from .litert_portable import activate_apart
from .network import layer_of, traceable
from .options import ExportError, Options
from .settings import SETTINGS, settings_text


def save(network: keras.Model, path: Path, run: RunNetwork, options: Options) -> dict[str, Any]:
    """Write a network, with the run's settings and the names of its labels as associated files.

    Raises:
        ExportError: It needs Flex operations, and these are not allowed, or it cannot be converted at all.
    """
    for layer in recurrent_layers(network):
        layer.unroll = True
        if isinstance(layer, FastRecurrence):
            layer.form = _keras_loop
    function, module = traceable(network)
    with looped_by(written_out):
        concrete = function.get_concrete_function()
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        tf.saved_model.save(module, folder, signatures=concrete)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        converter.experimental_enable_resource_variables = False  # weights are constants
        if options.allow_flex:
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS, tf.lite.OpsSet.SELECT_TF_OPS]
        if options.quantize != "none":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if options.quantize == "float16":
            converter.target_spec.supported_types = [tf.float16]
        try:
            converted = converter.convert()
        except Exception as error:
            raise _explained(error, concrete, network) from error
    path.write_bytes(activate_apart(converted))
    _add_files(path, settings_text(run, options.recipe, network.input, network.output), run)
    return {}


def _add_files(path: Path, settings: str, run: RunNetwork) -> None:
    """Append an archive, where LiteRT's tools look for associated files; the interpreter passes over it."""
    target = run.spec.target
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(SETTINGS, settings)
        for names in ("names", "vocabulary", "alphabet"):
            if labels := getattr(target, names, ()):
                archive.writestr("labels.txt", "".join(f"{' '.join(one.splitlines())}\n" for one in labels))


def _keras_loop(layer: Any, sequences: Any, initial_state: Any) -> Any:
    """Run a recurrent layer by Keras' own loop: the batch first, as LiteRT's fully connected layers have it."""
    backwards, layer.go_backwards = layer.go_backwards, False  # they are turned already
    try:
        return super(FastRecurrence, layer).inner_loop(sequences, initial_state, None)
    finally:
        layer.go_backwards = backwards


def _explained(error: Exception, concrete: Any, network: keras.Model) -> ExportError:
    """Return an error that names the operations LiteRT lacks, and the layers they come from."""
    named = re.search(r"(?:TF Select|Flex) ops: ([\w, ]+)", str(error))
    if not named:
        return ExportError(f"litert: the network cannot be converted: {' '.join(str(error).split())[-500:]}")
    kinds = [kind.strip().removeprefix("Flex") for kind in named[1].split(",")]
    graph = concrete.graph.as_graph_def()
    nodes = [*graph.node, *(node for inner in graph.library.function for node in inner.node_def)]
    places = {kind: sorted({layer_of(node.name, network) for node in nodes if node.op == kind}) for kind in kinds}
    told = "; ".join(f"{kind} (in {', '.join(names)})" for kind, names in places.items())
    return ExportError(
        f"litert: these operations are not built into LiteRT: {told}. --allow-flex takes them from TensorFlow, for "
        "devices whose runtime has its Flex delegate"
    )
