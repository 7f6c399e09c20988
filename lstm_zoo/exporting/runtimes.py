"""Runs an exported file as its user would: in a process of its own, without lstm_zoo, in the file's own runtime.

Usage: `python -P runtimes.py FORMAT FILE` (`-P`: no module of this folder is to shadow another).

It first says what the file is, then answers requests until its input ends. A message is a line of JSON followed by as
many bytes as its `bytes` says, arrays in NumPy's .npz format; nothing here is ever unpickled. A `.keras` file may hold
the package's layers; for all other files nothing of lstm_zoo can be imported.
"""

import io
import json
import os
import sys
import time
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from importlib import metadata
from typing import Any, BinaryIO

import numpy as np

Arrays = dict[str, np.ndarray]
SERVING = "serving_default"


def main(format: str, path: str) -> None:
    """Load the file, and answer."""
    talk = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever libraries print is not to be taken for an answer
    if format != "keras" or not needs_layers(path):
        sys.modules["lstm_zoo"] = None  # type: ignore[assignment]  # whoever imports it fails
    file = RUNTIMES[format](path)
    send(talk, {"signatures": file.signatures(), "ops": dict(sorted(file.ops().items())), "runtime": file.runtime})
    while (request := receive(sys.stdin.buffer)) is not None:
        about, arrays = request
        try:
            started = time.perf_counter()
            outputs = file.run(about["signature"], arrays)
            seconds = time.perf_counter() - started
        except Exception as error:
            send(talk, {"error": f"{type(error).__name__}: {error}"})
        else:
            send(talk, {"seconds": seconds}, outputs)


def needs_layers(path: str | os.PathLike[str]) -> bool:
    """Say whether a `.keras` file holds layers of lstm_zoo."""
    with zipfile.ZipFile(path) as file:
        return b'"lstm_zoo' in file.read("config.json")


def send(stream: BinaryIO, about: dict[str, Any], arrays: Arrays | None = None) -> None:
    """Write a message; text goes as bytes of a fixed length, which a file without pickles can hold."""
    buffer = io.BytesIO()
    if arrays:
        plain = {name: one.astype(bytes) if one.dtype == object else one for name, one in arrays.items()}
        np.savez(buffer, **plain)  # type: ignore[arg-type]
    content = buffer.getvalue()
    stream.write(json.dumps({**about, "bytes": len(content)}).encode() + b"\n" + content)
    stream.flush()


def receive(stream: BinaryIO) -> tuple[dict[str, Any], Arrays] | None:
    """Read a message; None at the end."""
    line = stream.readline()
    if not line:
        return None
    about = json.loads(line)
    content = stream.read(about["bytes"])
    if not content:
        return about, {}
    with np.load(io.BytesIO(content)) as arrays:
        return about, dict(arrays)


def signature(inputs: Iterable[tuple], outputs: Iterable[tuple]) -> dict[str, Any]:
    """Describe tensors, given by name, shape and type; sizes that are free are null."""
    return {
        side: [{"name": name, "shape": list(shape), "dtype": str(dtype)} for name, shape, dtype in tensors]
        for side, tensors in (("inputs", inputs), ("outputs", outputs))
    }


class _KerasFile:
    """A `.keras` file in Keras; `safe_mode` is on."""

    def __init__(self, path: str):
        import keras

        if needs_layers(path):
            import lstm_zoo.layers  # noqa: F401 (registers the layers)

        self.model: Any = keras.saving.load_model(path, compile=False, safe_mode=True)
        self.runtime = f"keras {keras.__version__} ({keras.backend.backend()} backend)"

    def signatures(self) -> dict[str, Any]:
        sides = (self.model.input, self.model.output)
        return {SERVING: signature(*([(name, one.shape, one.dtype) for name, one in side.items()] for side in sides))}

    def ops(self) -> Counter:
        return Counter(type(layer).__name__ for layer in self.model._flatten_layers(include_self=False))

    def run(self, _: str, arrays: Arrays) -> Arrays:
        return {name: np.asarray(values) for name, values in self.model.predict_on_batch(arrays).items()}


class _SavedModel:
    """A SavedModel in TensorFlow."""

    def __init__(self, path: str):
        import tensorflow as tf

        self.loaded = tf.saved_model.load(path)  # it owns the variables: it has to outlive its functions
        self.runtime = f"tensorflow {tf.__version__}"

    def signatures(self) -> dict[str, Any]:
        def described(side: dict[str, Any]) -> list[tuple]:
            return [(name, one.shape, one.dtype.name) for name, one in side.items()]

        return {
            name: signature(described(one.structured_input_signature[1]), described(one.structured_outputs))
            for name, one in self.loaded.signatures.items()
        }

    def ops(self) -> Counter:
        counts = Counter()
        for function in self.loaded.signatures.values():
            graph = function.graph.as_graph_def()
            counts.update(node.op for node in graph.node)
            counts.update(node.op for inner in graph.library.function for node in inner.node_def)
        return counts

    def run(self, name: str, arrays: Arrays) -> Arrays:
        import tensorflow as tf

        function = self.loaded.signatures[name]
        kinds = {key: one.dtype for key, one in function.structured_input_signature[1].items()}
        inputs = {key: tf.constant(values, kinds[key]) for key, values in arrays.items()}
        return {key: values.numpy() for key, values in function(**inputs).items()}


class _OnnxFile:
    """An ONNX file in onnxruntime."""

    _TYPES = {"float": "float32", "double": "float64"}

    def __init__(self, path: str, threads: int | None = None):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = threads or 0  # 0: as it chooses
        self.path = path
        self.session: Any = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self.runtime = f"onnxruntime {onnxruntime.__version__}"

    def signatures(self) -> dict[str, Any]:
        def described(one: Any) -> tuple:
            kind = one.type.removeprefix("tensor(").removesuffix(")")
            shape = [side if isinstance(side, int) else None for side in one.shape]
            return one.name, shape, self._TYPES.get(kind, kind)

        sides = (self.session.get_inputs(), self.session.get_outputs())
        return {SERVING: signature(*(map(described, side) for side in sides))}

    def ops(self) -> Counter:
        import onnx

        def within(graph: Any) -> Iterator[str]:
            for node in graph.node:
                yield node.op_type
                for attribute in node.attribute:
                    if attribute.type == onnx.AttributeProto.GRAPH:
                        yield from within(attribute.g)

        return Counter(within(onnx.load(self.path).graph))

    def run(self, _: str, arrays: Arrays) -> Arrays:
        names = [one.name for one in self.session.get_outputs()]
        return dict(zip(names, self.session.run(names, arrays), strict=True))


class _LiteRTFile:
    """A LiteRT file in its interpreter; with Flex operations, in that of TensorFlow, which has them."""

    def __init__(self, path: str, threads: int | None = None):
        from ai_edge_litert.interpreter import Interpreter

        self.path = path
        self.runtime = f"ai-edge-litert {metadata.version('ai-edge-litert')}"
        if any(name.startswith("Flex") for name in self.ops()):
            import tensorflow as tf

            Interpreter, self.runtime = tf.lite.Interpreter, f"tensorflow {tf.__version__}"
        self.interpreter = Interpreter(model_path=path, num_threads=threads or os.cpu_count())
        self.runner = self.interpreter.get_signature_runner(SERVING)

    def signatures(self) -> dict[str, Any]:
        def described(name: str, one: dict[str, Any]) -> tuple:
            shape = [None if side < 0 else int(side) for side in one["shape_signature"]]
            return name, shape, np.dtype(one["dtype"]).name

        sides = (self.runner.get_input_details(), self.runner.get_output_details())
        return {SERVING: signature(*(map(described, side, side.values()) for side in sides))}

    def ops(self) -> Counter:
        from ai_edge_litert import schema_py_generated as schema

        names = {number: name for name, number in vars(schema.BuiltinOperator).items() if isinstance(number, int)}
        with open(self.path, "rb") as file:
            model: Any = schema.Model.GetRootAs(file.read(), 0)
        kinds = []
        for number in range(model.OperatorCodesLength()):
            code = model.OperatorCodes(number)
            built_in = names[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]
            kinds.append((code.CustomCode() or b"").decode() or built_in)
        graphs = [model.Subgraphs(number) for number in range(model.SubgraphsLength())]
        return Counter(
            kinds[graph.Operators(number).OpcodeIndex()]
            for graph in graphs
            for number in range(graph.OperatorsLength())
        )

    def run(self, _: str, arrays: Arrays) -> Arrays:
        try:
            return self.runner(**arrays)  # tensors are made anew where the batch has another size
        except RuntimeError as error:
            if "Flex delegate" not in str(error):
                raise
            raise RuntimeError(
                f"it holds Flex operations, and the interpreter of {self.runtime} cannot run them (TensorFlow from "
                "2.20 on comes without); to prove such a file, install tensorflow<2.20 and export again"
            ) from None


RUNTIMES = {"keras": _KerasFile, "tf_saved_model": _SavedModel, "onnx": _OnnxFile, "litert": _LiteRTFile}
"""What loads a file: its `runtime`; `signatures()`, names, shapes and types; `ops()`, how many there are of each
operation, in bodies of loops too (of a `.keras` file: of each layer); `run(signature, arrays)`."""


if __name__ == "__main__":
    main(*sys.argv[1:])
