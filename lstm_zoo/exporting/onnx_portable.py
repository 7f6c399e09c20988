"""What makes an ONNX graph readable to more programs than onnxruntime: sizes with names, and no rare constructions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import onnx

_END = np.iinfo(np.int32).min


def reverse_by_slice(graph: Any, node: Any, name: str, _: Any) -> None:
    """Convert a reversal to a slice with steps of -1, for `tf2onnx`, which takes ReverseSequence: OpenVINO has none."""
    from tf2onnx.utils import make_name

    axes = [int(axis) for axis in node.inputs[1].get_tensor_value(as_list=False).ravel()]

    def constant(value: int) -> str:
        return graph.make_const(make_name(f"{name}_{value}"), np.full(len(axes), value, np.int64)).output[0]

    along = graph.make_const(make_name(f"{name}_axes"), np.array(axes, np.int64)).output[0]
    output, dtype, shape = node.output[0], graph.get_dtype(node.output[0]), graph.get_shape(node.output[0])
    values = node.input[0]
    graph.remove_node(name)
    bounds = [constant(-1), constant(_END), along, constant(-1)]
    graph.make_node("Slice", [values, *bounds], outputs=[output], dtypes=[dtype], shapes=[shape])


def hand_nothing_through(graph: onnx.GraphProto) -> None:
    """Put an Identity where the body of a loop hands on what it was given, which OpenVINO's reader does not take."""
    import onnx

    for body in _bodies(graph):
        made = {name for node in body.node for name in node.output}
        for number, output in enumerate(body.output):
            if output.name not in made:
                passed = f"{output.name}_passed_{number}"
                body.node.append(onnx.helper.make_node("Identity", [output.name], [passed], passed))
                output.name = passed


def reduce_in_two_steps(graph: onnx.GraphProto) -> None:
    """Have what is reduced in the body of a loop keep its axes, and a Squeeze take them: OpenCV fails at scalars."""
    import onnx

    for body in _bodies(graph):
        for place, node in reversed([*enumerate(body.node)]):
            given = {one.name: one for one in node.attribute}
            if not node.op_type.startswith("Reduce") or "keepdims" not in given or given["keepdims"].i:
                continue
            given["keepdims"].i = 1
            output, axes = node.output[0], node.input[1:]
            node.output[0] = kept = f"{output}_kept"
            if "axes" in given:  # an input of ReduceSum alone
                axes = [f"{output}_axes"]
                named = onnx.helper.make_node("Constant", [], axes, axes[0], value_ints=given["axes"].ints)
                body.node.insert(place, named)
                place += 1
            body.node.insert(place + 1, onnx.helper.make_node("Squeeze", [kept, *axes], [output], f"{output}_squeezed"))


def name_sizes(model: onnx.ModelProto, axes: dict[str, Sequence[str]]) -> None:
    """Give sizes that are free names of their own: the same name, the same size.

    Args:
        model: The model.
        axes: Names of the axes of inputs and outputs, as far as they are free.
    """
    for one in [*model.graph.input, *model.graph.output]:
        for name, side in zip(axes[one.name], one.type.tensor_type.shape.dim, strict=True):
            if not side.HasField("dim_value"):
                side.dim_param = name
    del model.graph.value_info[:]  # they have names that the conversion made up


def _bodies(graph: onnx.GraphProto) -> Iterator[onnx.GraphProto]:
    """Yield the graphs within a graph's nodes, innermost first."""
    import onnx

    for node in graph.node:
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                yield from _bodies(attribute.g)
                yield attribute.g
