"""Runs an exported file as its user would: in a process of its own, without lstm_zoo, in the file's own runtime.

Usage: `python -P runner.py FORMAT FILE` (`-P`: no module of this folder is to shadow another).

It first says what the file is, then answers requests until its input ends. A message is a line of JSON followed by as
many bytes as its `bytes` says, arrays in NumPy's .npz format; nothing here is ever unpickled. A `.keras` file needs the
package's layers, `lstm_zoo.layers`; for every other format nothing of lstm_zoo can be imported.
"""

import io
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from importlib import metadata
from typing import Any, BinaryIO

import numpy as np

Arrays = dict[str, np.ndarray]


def main(format: str, path: str) -> None:
    """Load the file, and answer."""
    talk = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever libraries print is not to be taken for an answer
    if format != "keras":
        sys.modules["lstm_zoo"] = None  # type: ignore[assignment]  # whoever imports it fails
    file = RUNTIMES[format](path)
    send(talk, {"signatures": file.signatures(), "ops": dict(sorted(file.ops().items())), "runtime": file.runtime()})
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


def send(stream: BinaryIO, about: dict[str, Any], arrays: Arrays | None = None) -> None:
    """Write a message."""
    buffer = io.BytesIO()
    if arrays:
        np.savez(buffer, **{name: as_plain(values) for name, values in arrays.items()})
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


def as_plain(values: np.ndarray) -> np.ndarray:
    """Return text as fixed-length bytes, which a file without pickles can hold."""
    return values.astype(bytes) if values.dtype == object else values


def tensor(name: str, shape: Any, dtype: Any) -> dict[str, Any]:
    """Describe an input or output; sizes that are free are null."""
    return {"name": name, "shape": list(shape), "dtype": str(dtype)}


class KerasFile:
    """A `.keras` file in Keras; `safe_mode` is on."""

    def __init__(self, path: str):
        import keras

        import lstm_zoo.layers  # noqa: F401 (registers the layers)

        self.model = keras.saving.load_model(path, compile=False, safe_mode=True)

    def signatures(self) -> dict[str, Any]:
        """Return names, shapes and types."""
        inputs = [tensor(one.name, one.shape, one.dtype) for one in self.model.inputs]
        outputs = [tensor(name, one.shape, one.dtype) for name, one in self.model.output.items()]
        return {"serving_default": {"inputs": inputs, "outputs": outputs}}

    def ops(self) -> Counter:
        """Count the layers."""
        return Counter(type(layer).__name__ for layer in self.model._flatten_layers(include_self=False))

    def runtime(self) -> str:
        """Return name and version."""
        import keras

        return f"keras {keras.__version__} ({keras.backend.backend()} backend)"

    def run(self, signature: str, arrays: Arrays) -> Arrays:
        """Run the file."""
        del signature
        inputs = arrays if isinstance(self.model.input, dict) else next(iter(arrays.values()))
        return {name: np.asarray(values) for name, values in self.model.predict_on_batch(inputs).items()}


class SavedModel:
    """A SavedModel in TensorFlow."""

    def __init__(self, path: str):
        import tensorflow as tf

        self.loaded = tf.saved_model.load(path)  # it owns the variables: it has to outlive its functions

    def signatures(self) -> dict[str, Any]:
        """Return names, shapes and types, of every signature."""
        return {
            name: {
                "inputs": [
                    tensor(key, one.shape, one.dtype.name)
                    for key, one in function.structured_input_signature[1].items()
                ],
                "outputs": [tensor(key, one.shape, one.dtype.name) for key, one in function.structured_outputs.items()],
            }
            for name, function in self.loaded.signatures.items()
        }

    def ops(self) -> Counter:
        """Count the operations of all signatures."""
        counts = Counter()
        for function in self.loaded.signatures.values():
            graph = function.graph.as_graph_def()
            counts.update(node.op for node in graph.node)
            counts.update(node.op for inner in graph.library.function for node in inner.node_def)
        return counts

    def runtime(self) -> str:
        """Return name and version."""
        return f"tensorflow {metadata.version('tensorflow')}"

    def run(self, signature: str, arrays: Arrays) -> Arrays:
        """Run a signature."""
        import tensorflow as tf

        function = self.loaded.signatures[signature]
        kinds = {name: one.dtype for name, one in function.structured_input_signature[1].items()}
        inputs = {name: tf.constant(values, kinds[name]) for name, values in arrays.items()}
        return {name: values.numpy() for name, values in function(**inputs).items()}


class OnnxFile:
    """An ONNX file in onnxruntime."""

    def __init__(self, path: str):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        self.path = path
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def signatures(self) -> dict[str, Any]:
        """Return names, shapes and types."""

        def described(values: Any) -> list[dict[str, Any]]:
            return [
                tensor(
                    one.name,
                    [side if isinstance(side, int) else None for side in one.shape],
                    "float32" if one.type == "tensor(float)" else one.type.removeprefix("tensor(").removesuffix(")"),
                )
                for one in values
            ]

        inputs, outputs = described(self.session.get_inputs()), described(self.session.get_outputs())
        return {"serving_default": {"inputs": inputs, "outputs": outputs}}

    def ops(self) -> Counter:
        """Count the operations, those of loops' bodies too."""
        import onnx

        def within(graph: Any) -> Iterator[str]:
            for node in graph.node:
                yield node.op_type
                for attribute in node.attribute:
                    if attribute.type == onnx.AttributeProto.GRAPH:
                        yield from within(attribute.g)

        return Counter(within(onnx.load(self.path).graph))

    def runtime(self) -> str:
        """Return name and version."""
        return f"onnxruntime {metadata.version('onnxruntime')}"

    def run(self, signature: str, arrays: Arrays) -> Arrays:
        """Run the file."""
        del signature
        names = [one.name for one in self.session.get_outputs()]
        return dict(zip(names, self.session.run(names, arrays), strict=True))


class LiteRTFile:
    """A LiteRT file in its interpreter; with Flex operations, in that of TensorFlow, which has them."""

    SIGNATURE = "serving_default"

    def __init__(self, path: str):
        from ai_edge_litert.interpreter import Interpreter

        self.path = path
        if any(name.startswith("Flex") for name in self.ops()):
            import tensorflow as tf

            Interpreter = tf.lite.Interpreter
        self.interpreter = Interpreter(model_path=path, num_threads=os.cpu_count())
        self.runner = self.interpreter.get_signature_runner(self.SIGNATURE)

    def signatures(self) -> dict[str, Any]:
        """Return names, shapes and types."""

        def described(details: dict[str, Any]) -> list[dict[str, Any]]:
            return [
                tensor(
                    name,
                    [None if side < 0 else int(side) for side in one["shape_signature"]],
                    np.dtype(one["dtype"]).name,
                )
                for name, one in details.items()
            ]

        inputs, outputs = self.runner.get_input_details(), self.runner.get_output_details()
        return {self.SIGNATURE: {"inputs": described(inputs), "outputs": described(outputs)}}

    def ops(self) -> Counter:
        """Count the operations, those of loops' bodies too."""
        from ai_edge_litert import schema_py_generated as schema

        names = {number: name for name, number in vars(schema.BuiltinOperator).items() if isinstance(number, int)}
        with open(self.path, "rb") as file:
            model = schema.Model.GetRootAs(file.read(), 0)
        kinds = []
        for number in range(model.OperatorCodesLength()):
            code = model.OperatorCodes(number)
            kinds.append(
                (code.CustomCode() or b"").decode() or names[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]
            )
        graphs = [model.Subgraphs(number) for number in range(model.SubgraphsLength())]
        return Counter(
            kinds[graph.Operators(number).OpcodeIndex()]
            for graph in graphs
            for number in range(graph.OperatorsLength())
        )

    def runtime(self) -> str:
        """Return name and version."""
        package = "ai-edge-litert" if "ai_edge_litert" in type(self.interpreter).__module__ else "tensorflow"
        return f"{package} {metadata.version(package)}"

    def run(self, signature: str, arrays: Arrays) -> Arrays:
        """Run the file; tensors are made anew where the batch has another size."""
        del signature
        try:
            return self.runner(**arrays)
        except RuntimeError as error:
            if "Flex delegate" not in str(error):
                raise
            raise RuntimeError(
                f"it holds Flex operations, and the interpreter of {self.runtime()} cannot run them (TensorFlow from "
                "2.20 on comes without); to prove such a file, install tensorflow<2.20 and export again"
            ) from None


RUNTIMES: dict[str, Any] = {
    "keras": KerasFile,
    "tf_saved_model": SavedModel,
    "onnx": OnnxFile,
    "litert": LiteRTFile,
}


if __name__ == "__main__":
    main(*sys.argv[1:])
