"""Networks from ONNX files, as graphs: constants folded, batch normalisation and padding folded into their layers.

Needs the package `onnx` (extra `onnx`).
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from workloads.errors import WorkloadError, did_you_mean
from workloads.graphs.graph import Network
from workloads.graphs.operations import INPUT, Shape
from workloads.onnx import constants, layers, linear, windows
from workloads.onnx.drafts import Draft, DraftOperation, draft_shape
from workloads.onnx.files import any_array, opset, read_model
from workloads.onnx.folding import fold
from workloads.onnx.model import (
    attributes_of,
    checked_shape,
    how_to_choose_output,
    input_of,
    names_of,
    nodes_needed,
    output_of,
    unused,
)
from workloads.onnx.source import Operand, Source
from workloads.onnx.strict import check_attributes, check_outputs

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto, SparseTensorProto, TensorProto

_RULES: dict[str, Callable[[Source], list[DraftOperation]]] = {
    "Add": linear.add,
    "AveragePool": windows.average_pool,
    "BatchNormalization": linear.batch_normalization,
    "Cast": layers.cast,
    "Clip": layers.clip,
    "Concat": layers.concatenate,
    "Conv": windows.convolution,
    "Div": linear.divide,
    "Dropout": layers.identity,
    "Flatten": layers.flatten,
    "Gemm": linear.gemm,
    "GlobalAveragePool": windows.global_average_pool,
    "GlobalMaxPool": windows.global_max_pool,
    "Identity": layers.identity,
    "LeakyRelu": layers.leaky_relu,
    "LogSoftmax": layers.softmax,
    "MatMul": linear.matmul,
    "MaxPool": windows.max_pool,
    "Mul": linear.multiply,
    "Pad": layers.pad,
    "ReduceMean": layers.reduce_mean,
    "Relu": layers.relu,
    **dict.fromkeys(layers.CURVES, layers.curve),
    "Reshape": layers.reshape,
    "Softmax": layers.softmax,
    "Squeeze": layers.squeeze,
    "Sub": linear.subtract,
    "Sum": linear.add,
    "Transpose": layers.transpose,
}
_MAY_JOIN = frozenset({"Add", "Concat", "Sum"})
_KEEP_LAYOUT = frozenset({"Relu", *layers.CURVES, "LeakyRelu", "Clip", "Identity", "Dropout", "Cast"})
_TAKE_CHANNELS_LAST = _KEEP_LAYOUT | {"Transpose", "Reshape", "Flatten"}


@dataclass
class _Progress:
    """What is known so far: constants and frame-dependent values by their ONNX names, and the drafts that make them.

    `channels_last`: values that the model holds as (batch, H, W, C). `shapes`: of drafts, (C, H, W) always.
    """

    folder: Path
    opset: int
    batch: int
    tensors: dict[str, "TensorProto | SparseTensorProto"]
    names: set[str]
    constants: dict[str, NDArray[Any]] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    shapes: dict[str, Shape] = field(default_factory=dict)
    channels_last: set[str] = field(default_factory=set)
    drafts: list[Draft] = field(default_factory=list)


def import_onnx(path: str | Path, *, input_shape: Shape | None = None, output: str | None = None) -> Network:
    """Read an ONNX network that takes frames (batch, C, H, W) as a float graph without batch axis.

    Models that take (batch, H, W, C) and turn it at once are read as well; the graph has channels first all the same.
    `input_shape`: (C, H, W), instead of the model's; needed where it leaves them open. `output`: name of a node or
    value to end at instead of the model's output; what comes after it need not be supported. Class names and
    preprocessing are not in an ONNX file: set them with dataclasses.replace.

    Raises WorkloadError if the file is no whole model, or holds what a graph cannot: with the node's name, its
    operator, the reason and what is supported.
    """
    path = Path(path)
    input_shape = None if input_shape is None else checked_shape(input_shape)
    model = read_model(path)
    try:
        return _graph_of(model, path, input_shape, output)
    except WorkloadError as error:
        raise WorkloadError(f"{path}: {error}") from None


def _graph_of(model: "ModelProto", path: Path, input_shape: Shape | None, output: str | None) -> Network:
    frames = input_of(model.graph, input_shape)
    last = output_of(model.graph, output)
    tensors: dict[str, TensorProto | SparseTensorProto] = {
        **{tensor.name: tensor for tensor in model.graph.initializer},
        **{tensor.values.name: tensor for tensor in model.graph.sparse_initializer},
    }
    nodes = nodes_needed(model.graph, last)
    names = names_of(nodes)
    progress = _Progress(path.parent, opset(model), frames.batch, tensors, set(names), values={frames.name: INPUT})
    progress.shapes[INPUT] = frames.shape
    progress.channels_last.update([frames.name] if frames.channels_last else [])
    for node, node_name in zip(nodes, names, strict=True):
        try:
            _take(node, node_name, progress)
        except WorkloadError as error:
            known = f"node {node_name!r}"
            raise (
                error if str(error).startswith(known) else WorkloadError(f"{known} ({node.op_type}): {error}")
            ) from None
    if progress.values.get(last, INPUT) == INPUT:
        raise WorkloadError(f"its output {last!r} does not depend on the frame by any supported operation")
    folded, end = fold(progress.drafts, progress.values[last], frames.shape)
    return Network(model.graph.name or path.stem, frames.shape, folded, end)


def _take(node: "NodeProto", name: str, progress: _Progress) -> None:
    """Fold one node if it is constant, else append the drafts it comes to."""
    if node.domain not in {"", "ai.onnx"}:
        raise WorkloadError(f"it is of the operator set {node.domain!r}; supported: the standard one")
    if node.op_type == "Constant":
        progress.constants[node.output[0]] = _constant(node, progress)
        return
    operands = tuple(_operand(value, progress) for value in node.input)
    if node.op_type in {"Shape", "Size"} and operands and operands[0] and operands[0].shape is not None:
        # its value is not needed, only its shape, which is known
        whole = np.broadcast_to(np.float32(0), (progress.batch, *operands[0].shape))
        operands = (Operand(operands[0].name, whole),)
    if all(operand is None or operand.constant is not None for operand in operands):
        _fold_constant(node, operands, progress)
        return
    if node.op_type not in _RULES:
        known = ", ".join(sorted({*_RULES, "Constant", "Shape"}))
        before = [operand.name for operand in operands if operand is not None and operand.constant is None]
        hint = ""
        if progress.values[before[0]] != INPUT:
            hint = f" To end the network before it, {how_to_choose_output(before[0])}"
        refusal = Source(name, node.op_type, 0, 0, {}, (), ()).refuse("this operator is not supported", known)
        raise WorkloadError(f"{refusal}{hint}")
    outputs = tuple(node.output)
    source = Source(name, node.op_type, progress.opset, progress.batch, attributes_of(node), operands, outputs)
    check_attributes(source)
    check_outputs(source)
    if source.channels_last and node.op_type not in _TAKE_CHANNELS_LAST:
        raise source.refuse("it reads a map with channels last", ", ".join(sorted(_TAKE_CHANNELS_LAST)))
    gated = _gated(source, progress) if node.op_type == "Mul" else None
    if gated is not None:
        source = replace(source, operands=(gated,))
    operations = _RULES[node.op_type](source) if gated is None else layers.swish(source)
    _append(source, operations, node.output[0], progress)
    stays = node.op_type in _KEEP_LAYOUT or (node.op_type != "Transpose" and not operations)
    if (source.channels_last and stays) or (node.op_type == "Transpose" and not source.channels_last):
        progress.channels_last.add(node.output[0])


def _gated(source: Source, progress: _Progress) -> Operand | None:
    """x, if the node multiplies x by its own sigmoid: how SiLU is written where no operator of its own is."""
    drafts = {draft.name: draft for draft in progress.drafts}
    values = [each for each in source.operands if each is not None and each.constant is None]
    for x, gate in (values, values[::-1]) if len(values) == 2 else ():
        draft = drafts.get(progress.values[gate.name])
        if draft is not None and draft.operation == layers.SIGMOID and draft.inputs == (progress.values[x.name],):
            return x
    return None


def _append(source: Source, operations: list[DraftOperation], output: str, progress: _Progress) -> None:
    """Drafts for `operations`, one after the other, the first of them reading the node's values."""
    given = [operand for operand in source.operands if operand is not None and operand.constant is None]
    if len(given) < sum(operand is not None for operand in source.operands) and source.operator == "Concat":
        raise source.refuse("one of its inputs is constant", "Concat of values")
    if len(given) > 1 and source.operator not in _MAY_JOIN:
        raise source.refuse("more than one of its inputs depends on the frame", "one value, its other inputs constant")
    inputs = tuple(progress.values[operand.name] for operand in given)
    for number, operation in enumerate(operations):
        last = number == len(operations) - 1
        name = source.name if last else unused(f"{source.name}.{type(operation).__name__.lower()}", progress.names)
        progress.names.add(name)
        shapes = [progress.shapes[value] for value in inputs]
        progress.shapes[name] = draft_shape(operation, shapes)
        progress.drafts.append(Draft(name, operation, inputs))
        inputs = (name,)
    progress.values[output] = inputs[0]


def _operand(name: str, progress: _Progress) -> Operand | None:
    if not name:
        return None
    if name in progress.tensors and name not in progress.constants:
        progress.constants[name] = any_array(progress.tensors[name], progress.folder)
    if name in progress.constants:
        return Operand(name, constant=progress.constants[name])
    if name in progress.values:
        shape, last = progress.shapes[progress.values[name]], name in progress.channels_last
        return Operand(name, shape=(*shape[1:], shape[0]) if last else shape, channels_last=last)
    known = [*progress.values, *progress.constants]
    raise WorkloadError(
        f"it reads {name!r}, which no supported node before it gives (second outputs, such as the places of a "
        f"maximum, are not supported).{did_you_mean(name, known)}"
    )


def _constant(node: "NodeProto", progress: _Progress) -> NDArray[Any]:
    for attribute in node.attribute:
        if attribute.name in {"value", "sparse_value"}:
            tensor = attribute.t if attribute.name == "value" else attribute.sparse_tensor
            return any_array(tensor, progress.folder)
    values = attributes_of(node)
    for name, dtype in (("value_float", np.float32), ("value_int", np.int64)):
        for key in (name, f"{name}s"):
            if values.get(key) is not None:
                return np.array(values[key], dtype)
    raise WorkloadError(f"its value is none of tensor, number or list of numbers; has {', '.join(values) or 'nothing'}")


def _fold_constant(node: "NodeProto", operands: tuple[Operand | None, ...], progress: _Progress) -> None:
    if node.op_type not in constants.FOLDABLE:
        raise WorkloadError(
            f"all its inputs are constant, and constants of this operator are not computed. Supported: "
            f"{', '.join(sorted(constants.FOLDABLE))}"
        )
    arrays = [None if operand is None else operand.constant for operand in operands]
    results = constants.evaluate(node, arrays, progress.opset)
    progress.constants.update(zip(node.output, results, strict=False))
