"""Exported networks at work: each format in its own client, against the network in Keras."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..console.cores import num_cores
from .row import Contender, Context, Row, Work, random_pixels, repeated

if TYPE_CHECKING:
    from ..runs.network import RunNetwork

_NETWORKS = "moving_shapes_cnn_lstm", "captioned_shapes_show_attend_tell", "texture_mosaic_md_lstm"
_FORMATS = "tf_saved_model", "onnx", "litert"


def exported_networks(context: Context) -> list[Row]:
    """One example at a time through networks that come with the package, exported; ours = 1 is the network in Keras.

    A video classifier, a captioner with its beam search, and a labeller. Each client has as many threads as there are
    cores.
    """
    threads = num_cores()

    def row(network: str) -> Row:
        by = partial(_exported, network)
        contenders = {
            "ours": Contender(partial(_in_keras, network)),
            "ours, SavedModel": Contender(partial(by, "tf_saved_model"), "tensorflow", plain=True),
            "ours, ONNX Runtime": Contender(partial(by, "onnx", threads=threads), "onnxruntime"),
            "ours, LiteRT": Contender(partial(by, "litert", threads=threads), "ai_edge_litert"),
        }
        return Row(f"exported {network}, {threads} threads", "example", contenders, setup=partial(_export, network))

    return [row(network) for network in (_NETWORKS[:1] if context.quick else _NETWORKS)]


def _run(network: str) -> RunNetwork:
    from ..runs.directory import Run
    from ..runs.network import RunNetwork
    from ..runs.shipped import FOLDER

    return RunNetwork(Run.open(FOLDER / network))


def _example(run: RunNetwork) -> dict[str, np.ndarray]:
    return {name: random_pixels(1, *tensor.shape) for name, tensor in run.spec.inputs.items()}


def _export(network: str, context: Context) -> None:
    """Write the network's files, as far as packages are there, and an example for their clients."""
    from ..contracts import InputError
    from ..exporting.formats import FORMATS, check_packages
    from ..exporting.network import exported_network
    from ..exporting.options import Options

    run = _run(network)
    example = _example(run)
    np.savez(context.scratch / f"{network}.npz", **example)
    for format in _FORMATS:
        try:
            check_packages(format)
        except InputError:
            continue
        target = FORMATS[format]
        exported = exported_network(run, example, any_length=target.any_length)
        target.save(exported, _file(network, format, context), run, Options())


def _file(network: str, format: str, context: Context) -> Path:
    return context.scratch / f"{network}.{format}"


def _in_keras(network: str, context: Context) -> Work:
    from ..exporting.network import answering

    run = _run(network)
    answer, example = answering(run.used), _example(run)
    return repeated(lambda: answer(example))


def _exported(network: str, format: str, context: Context, **options: Any) -> Work:
    from ..exporting.runtimes import RUNTIMES, SERVING

    with np.load(context.scratch / f"{network}.npz") as arrays:
        example = dict(arrays)
    file = RUNTIMES[format](str(_file(network, format, context)), **options)
    return repeated(lambda: file.run(SERVING, example))
