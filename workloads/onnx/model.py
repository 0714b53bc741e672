"""Reading the parts of an ONNX model: its input, its output, the nodes it needs, their names and attributes."""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from shlex import quote
from typing import TYPE_CHECKING, Any

from workloads.errors import WorkloadError, did_you_mean
from workloads.graphs.operations import INPUT, Shape
from workloads.onnx.source import AttributeValue

if TYPE_CHECKING:
    from onnx import AttributeProto, GraphProto, NodeProto


@dataclass(frozen=True)
class ModelInput:
    """The model's one input: its name, the frames it declares (1 if left open), and the shape (C, H, W) of a frame.

    `channels_last`: the model takes (batch, H, W, C) and turns it at once.
    """

    name: str
    batch: int
    shape: Shape
    channels_last: bool


def input_of(graph: "GraphProto", given: Shape | None) -> ModelInput:
    """The frames that the model takes; `given`, (C, H, W), overrides their shape.

    Raises WorkloadError if there is more than one input, or its shape is left open and not given.
    """
    constants = {tensor.name for tensor in graph.initializer} | {each.values.name for each in graph.sparse_initializer}
    inputs = [value for value in graph.input if value.name not in constants]
    if len(inputs) != 1:
        names = ", ".join(value.name for value in inputs) or "none"
        raise WorkloadError(f"the model has {len(inputs)} inputs ({names}); supported: one, the frames")
    tensor = inputs[0].type.tensor_type
    sides = [side.dim_value if side.HasField("dim_value") else 0 for side in tensor.shape.dim]
    where = f"input {inputs[0].name!r}"
    if tensor.elem_type not in {1, 10, 11}:  # TensorProto.DataType: float32, float16, float64
        raise WorkloadError(
            f"{where} has data type {tensor.elem_type}; supported: floats. Pixels are made real before it"
        )
    if given is None and (len(sides) != 4 or min(sides[1:]) < 1):
        declared = ", ".join(str(side or "?") for side in sides)
        raise WorkloadError(
            f"{where} has shape ({declared}); needed (batch, C, H, W) with C, H and W known. Say which: --input-shape "
            "C,H,W, the experiment's field input_shape: [C, H, W], or ds.load_network(path, input_shape=(C, H, W))"
        )
    readers = [node for node in graph.node if inputs[0].name in node.input]
    last = bool(readers) and all(_turns_channels_first(node) for node in readers)
    declared_shape = (sides[3], sides[1], sides[2]) if last and len(sides) == 4 else tuple(sides[1:])
    shape = declared_shape if given is None else given
    return ModelInput(inputs[0].name, max(sides[0], 1) if sides else 1, shape, last)


def checked_shape(given: Sequence[int]) -> Shape:
    """The shape of a frame that a caller chose. Raises WorkloadError unless it is (C, H, W)."""
    sides = tuple(given) if isinstance(given, Sequence) else ()
    if len(sides) != 3 or not all(type(side) is int and side >= 1 for side in sides):
        raise WorkloadError(f"input_shape is {given!r}; needed (C, H, W), integers from 1, such as (3, 224, 224)")
    return sides


def _turns_channels_first(node: "NodeProto") -> bool:
    return node.op_type == "Transpose" and attributes_of(node).get("perm") == (0, 3, 1, 2)


def how_to_choose_output(name: str) -> str:
    """End of a message: how the network is made to end at the value or node `name`, or another."""
    return (
        f"choose one: --output {quote(name)}, the experiment's field output, or ds.load_network(path, output={name!r})"
    )


def output_of(graph: "GraphProto", chosen: str | None) -> str:
    """Name of the value that is the answer: the model's one output, or the value or node that `chosen` names."""
    if chosen is not None:
        values = {name for node in graph.node for name in node.output}
        named = {node.name: node.output[0] for node in graph.node if node.name and node.output}
        if chosen not in values and chosen not in named:
            raise WorkloadError(
                f"the model has no value or node {chosen!r}.{did_you_mean(chosen, values | set(named))}"
            )
        return chosen if chosen in values else named[chosen]
    if len(graph.output) != 1:
        names = [value.name for value in graph.output]
        how = how_to_choose_output(names[0]) if names else "export it again"
        raise WorkloadError(f"the model has {len(names)} outputs ({', '.join(names) or 'none'}); {how}")
    return str(graph.output[0].name)


def nodes_needed(graph: "GraphProto", output: str) -> list["NodeProto"]:
    """Nodes that `output` depends on, in the model's order. Raises WorkloadError if a node reads a later value."""
    needed, chosen = {output}, []
    for node in reversed(graph.node):
        if needed.intersection(node.output):
            needed.update(name for name in node.input if name)
            chosen.append(node)
    return chosen[::-1]


def names_of(nodes: Sequence["NodeProto"]) -> list[str]:
    """A name of its own for each node: the model's, or its first output's, numbered where that is taken."""
    names: dict[str, None] = {INPUT: None}
    for node in nodes:
        names[unused(node.name or (node.output[0] if node.output else "") or node.op_type, names)] = None
    return list(names)[1:]


def unused(name: str, taken: Container[str]) -> str:
    """`name`, or with the first number from 2 on after it that makes it none of `taken`."""
    number, free = 2, name
    while free in taken:
        number, free = number + 1, f"{name}_{number}"
    return free


def attributes_of(node: "NodeProto") -> dict[str, AttributeValue]:
    """Attributes of a node as numbers, text or tuples; others (tensors, graphs) as None."""
    return {attribute.name: _attribute(attribute) for attribute in node.attribute}


def _attribute(attribute: "AttributeProto") -> AttributeValue:
    values: dict[int, Any] = {  # AttributeProto.AttributeType
        1: attribute.f,
        2: attribute.i,
        3: attribute.s.decode("utf-8", "replace"),
        6: tuple(attribute.floats),
        7: tuple(attribute.ints),
    }
    value: AttributeValue = values.get(attribute.type)
    return value
