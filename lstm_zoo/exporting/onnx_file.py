"""An ONNX file: recurrent layers as ONNX's own nodes, other scans as its loops."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

from ..layers.recurrent.implementation import recurrent_layers
from ..layers.recurrent.recurrence import FastRecurrence
from ..layers.recurrent.scan import looped_by
from .formats import ExportError
from .native_recurrence import NativeRecurrence
from .network import layer_of, traceable
from .onnx_loop import onnx_loop
from .saved_model import settings_of

if TYPE_CHECKING:
    from pathlib import Path

    import keras
    import onnx

    from ..run import Run
    from .formats import Options

OPSET = 17


def save(network: keras.Model, path: Path, run: Run, options: Options) -> dict[str, Any]:
    """Write a network, with the run's settings as metadata; see `converted`."""
    del options
    import onnx

    model = converted(network)
    for name, value in settings_of(run).items():
        entry = model.metadata_props.add()
        entry.key, entry.value = f"lstm_zoo.{name}", json.dumps(value, ensure_ascii=False)
    onnx.save(model, str(path))
    return {"opset": OPSET}


def converted(network: keras.Model) -> onnx.ModelProto:
    """Return a network as an ONNX model, checked by onnx; it takes over the layers.

    Raises:
        ExportError: An operation has no counterpart in ONNX.
    """
    import onnx
    import tf2onnx

    native = NativeRecurrence(layer for layer in recurrent_layers(network) if isinstance(layer, FastRecurrence))
    function, signature, _ = traceable(network)
    logging.getLogger("tf2onnx").setLevel(logging.CRITICAL)  # what it has to say is found below
    with looped_by(onnx_loop):
        model, _ = tf2onnx.convert.from_function(function, [signature], opset=OPSET, custom_op_handlers=native.handlers)
    _refuse_foreign(model, network)
    onnx.checker.check_model(model, full_check=True)
    return model


def _refuse_foreign(model: Any, network: keras.Model) -> None:
    """Raise an ExportError that names the nodes which ONNX does not have, and where they come from."""
    import onnx

    foreign = [
        f"{node.op_type} (in {layer_of(node.name, network)})"
        for node in model.graph.node
        if node.domain in ("", "ai.onnx") and not onnx.defs.has(node.op_type)
    ]
    if foreign:
        raise ExportError(f"onnx: no counterpart in ONNX for {', '.join(foreign[:5])}")
