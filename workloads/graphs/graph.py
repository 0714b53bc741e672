"""A trained network in float: a graph of nodes in order, each an operation on the values of earlier ones.

Batch normalisation, dropout, identities, constants and reshapes have no operation here: importers fold or remove them.
"""

from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property
from math import isfinite, prod
from typing import Literal, get_args

import numpy as np

from workloads.content_hash import content_sha256
from workloads.errors import WorkloadError, did_you_mean
from workloads.graphs.activations import FUNCTIONS
from workloads.graphs.layers import LinearLayer, layers_of
from workloads.graphs.operations import (
    INPUT,
    Activation,
    Add,
    AveragePool,
    Concatenate,
    Convolution,
    Dense,
    Flatten,
    Float32Array,
    GlobalAveragePool,
    MaxPool,
    Node,
    Operation,
    Shape,
    Softmax,
)
from workloads.graphs.shapes import effective_kernel, infer_shapes
from workloads.html_table import html_table, sides

__all__ = [
    "INPUT",
    "Activation",
    "Add",
    "AveragePool",
    "Concatenate",
    "Convolution",
    "Dense",
    "Flatten",
    "GlobalAveragePool",
    "MaxPool",
    "Network",
    "Node",
    "Operation",
    "Preprocessing",
    "Shape",
    "Softmax",
    "check_graph",
    "cut_graph",
]

ChannelOrder = Literal["rgb", "bgr", "gray"]


@dataclass(frozen=True)
class Preprocessing:
    """How pixels become the network's input: real = (pixel - mean) * scale per channel, pixel being 0..255.

    `mean`, `scale`: one number per channel of the network's input, in its own `order` of channels.
    """

    order: ChannelOrder
    mean: tuple[float, ...]
    scale: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class Network:
    """A network: its nodes in an order in which every node comes after those it reads.

    `input_shape`: of a frame, (C, H, W); of a network that begins with fully connected layers any shape that holds as
    many pixels. `output`: name of the node whose values are the answer. `classes`: names of the output's channels,
    empty if they have none. `preprocessing`: None if the network does not say how frames are made. Checks itself (see
    check_graph).
    """

    name: str
    input_shape: Shape
    nodes: tuple[Node, ...]
    output: str
    classes: tuple[str, ...] = ()
    preprocessing: Preprocessing | None = None

    def __post_init__(self) -> None:
        check_graph(self)

    def __repr__(self) -> str:
        if self.chain is not None:
            return f"Network({self.name!r}: {self.inputs} inputs, {len(self.chain)} layers, {self.outputs} outputs)"
        frame = " x ".join(map(str, self.input_shape))
        return f"Network({self.name!r}: frames of {frame}, {len(self.nodes)} nodes, output {self.output!r})"

    def _repr_html_(self) -> str:
        """What a notebook shows: node by node, what it computes, of what, and the shape of what comes out; of a chain
        layer by layer, how many neurons and weights there are.
        """
        if self.chain is not None:
            layers = [
                (each.name, *map(str, each.weights.shape), f"{each.weights.size:,}", each.activation)
                for each in self.chain
            ]
            return html_table(f"Network {self.name}", ("layer", "inputs", "outputs", "weights", "activation"), layers)
        rows = [
            (node.name, type(node.operation).__name__, ", ".join(node.inputs), sides(self.shapes[node.name]))
            for node in self.nodes
        ]
        title = f"Network {self.name}: frames of {sides(self.input_shape)}, output {self.output}"
        return html_table(title, ("node", "operation", "of", "shape"), rows)

    @cached_property
    def input_map(self) -> Shape:
        """(C, H, W) of a frame as the nodes read it: a flat one is a row of pixels, one without channels gray."""
        channels = None if self.preprocessing is None else len(self.preprocessing.mean)
        if len(self.input_shape) == 3 and channels in {None, self.input_shape[0]}:
            return self.input_shape
        return (1, *self.input_shape) if len(self.input_shape) == 2 else (1, 1, prod(self.input_shape))

    @cached_property
    def shapes(self) -> dict[str, Shape]:
        """Shape of the frame (under INPUT) and of what each node gives, in order."""
        return infer_shapes(self.nodes, self.input_map)

    @cached_property
    def chain(self) -> tuple[LinearLayer, ...] | None:
        """The layers, if the network is a chain of fully connected ones, with a ReLU or none after each; else None."""
        return layers_of(self.nodes)

    @property
    def layers(self) -> tuple[LinearLayer, ...]:
        """The layers of a chain. Raises WorkloadError for a network that is none."""
        if self.chain is None:
            raise WorkloadError(
                f"network {self.name!r} is no chain of fully connected layers, so it has no layers; look at its nodes"
            )
        return self.chain

    @property
    def input_scale(self) -> float:
        """The real value of one step of a pixel. Raises WorkloadError where there is none, or one for each channel."""
        given = () if self.preprocessing is None else self.preprocessing.scale
        if len(set(given)) != 1:
            raise WorkloadError(f"network {self.name!r} has no one input_scale; look at its preprocessing")
        return given[0]

    @property
    def inputs(self) -> int:
        """Number of values of a frame."""
        return prod(self.input_shape)

    @property
    def outputs(self) -> int:
        """Number of values of the output."""
        return prod(self.shapes[self.output])

    def sha256(self) -> str:
        """Hash of everything that the network is, names included."""
        return content_sha256(self)

    @cached_property
    def by_name(self) -> dict[str, Node]:
        """Every node by its name, in order."""
        return {node.name: node for node in self.nodes}


def cut_graph(graph: Network, output: str) -> Network:
    """The part of `graph` that `output` needs, ending there; class names are kept if `output` already was its output.

    Raises WorkloadError if there is no such node.
    """
    if output not in graph.by_name:
        raise WorkloadError(f"network {graph.name!r} has no node {output!r}.{did_you_mean(output, graph.by_name)}")
    needed = {output}
    for node in reversed(graph.nodes):
        if node.name in needed:
            needed.update(node.inputs)
    kept = tuple(node for node in graph.nodes if node.name in needed)
    return replace(graph, nodes=kept, output=output, classes=graph.classes if output == graph.output else ())


def check_graph(graph: Network) -> None:
    """Raise WorkloadError, naming network and node, unless the graph is whole and can be computed.

    Names must be unique and none of them INPUT; nodes must come after what they read, and all of them must be needed;
    arrays must be finite float32 of fitting shapes; soft-max may only be the output.
    """
    where = f"network {graph.name!r}"
    _check_frame(graph, where)
    if not graph.nodes:
        raise WorkloadError(f"{where} has no nodes; needed one or more")
    for name, times in Counter(node.name for node in graph.nodes).items():
        if times > 1 or name in {INPUT, ""}:
            why = f"{times} nodes have this name" if times > 1 else "this name is taken" if name else "a name is needed"
            raise WorkloadError(f"{where}, node {name!r}: {why}; every node needs one of its own")
    for node in graph.nodes:
        _check_operation(node.operation, f"{where}, node {node.name!r} ({type(node.operation).__name__})")
    try:
        shape = infer_shapes(graph.nodes, graph.input_map).get(graph.output)
    except WorkloadError as error:
        raise WorkloadError(f"{where}, {error}") from None
    _check_output(graph, shape, where)


def _check_frame(graph: Network, where: str) -> None:
    shape, given = graph.input_shape, graph.preprocessing
    flat = all(isinstance(node.operation, Dense) for node in graph.nodes if INPUT in node.inputs)
    if (len(shape) != 3 and not flat) or min(shape, default=0) < 1:
        raise WorkloadError(f"{where}: input_shape is {shape}; needed (channels, height, width), each 1 or more")
    if given is None:
        return
    if given.order not in get_args(ChannelOrder):
        raise WorkloadError(
            f"{where}: no channel order {given.order!r}.{did_you_mean(given.order, get_args(ChannelOrder))}"
        )
    channels = 1 if given.order == "gray" else 3
    entering = graph.input_map[0] if flat else shape[0]
    if not len(given.mean) == len(given.scale) == channels == entering:
        raise WorkloadError(
            f"{where}: preprocessing {given.order!r} needs {channels} channels, means and scales; has input_shape "
            f"{shape}, {len(given.mean)} means and {len(given.scale)} scales"
        )
    if not all(map(isfinite, given.mean)) or not all(isfinite(scale) and scale > 0 for scale in given.scale):
        raise WorkloadError(
            f"{where}: preprocessing has mean {given.mean}, scale {given.scale}; needed finite numbers, scales positive"
        )


def _check_output(graph: Network, shape: Shape | None, where: str) -> None:
    if shape is None or graph.output == INPUT:
        known = [node.name for node in graph.nodes]
        raise WorkloadError(f"{where}: its output {graph.output!r} is no node.{did_you_mean(graph.output, known)}")
    read = {name for node in graph.nodes for name in node.inputs}
    for node in graph.nodes:
        if node.name not in read and node.name != graph.output:
            raise WorkloadError(
                f"{where}, node {node.name!r}: nothing reads it and it is not the output; leave it out (cut_graph does)"
            )
        if isinstance(node.operation, Softmax) and (node.name != graph.output or node.name in read):
            raise WorkloadError(f"{where}, node {node.name!r}: soft-max is only supported as the last node")
    if graph.output in read:
        raise WorkloadError(f"{where}: other nodes read its output {graph.output!r}; cut_graph ends a network there")
    if graph.classes and len(graph.classes) != shape[0]:
        raise WorkloadError(f"{where}: {len(graph.classes)} class names for an output of shape {shape}")


def _check_operation(operation: Operation, where: str) -> None:
    if isinstance(operation, Convolution | Dense):
        _check_weights(operation, where)
    if isinstance(operation, Convolution | MaxPool | AveragePool):
        _check_window(operation, where)
    if isinstance(operation, Activation):
        _check_activation(operation, where)


def _check_weights(operation: Convolution | Dense, where: str) -> None:
    dense = isinstance(operation, Dense)
    axes = "(inputs, outputs)" if dense else "(out, in / groups, kernel y, kernel x)"
    shape = operation.weights.shape
    if len(shape) != (2 if dense else 4) or 0 in shape:
        raise WorkloadError(f"{where}: weights have shape {shape}; needed {axes}, none of them 0")
    outputs = shape[1] if dense else shape[0]
    if operation.bias.shape != (outputs,):
        raise WorkloadError(f"{where}: bias has shape {operation.bias.shape}; needed ({outputs},), one per output")
    for what, array in (("weights", operation.weights), ("bias", operation.bias)):
        check_float32(array, f"{where}: {what}")
    if isinstance(operation, Convolution) and (operation.groups < 1 or shape[0] % operation.groups):
        raise WorkloadError(f"{where}: {shape[0]} outputs cannot be shared by {operation.groups} groups")


def check_float32(array: Float32Array, where: str) -> None:
    """Raise WorkloadError unless `array` is float32 and finite."""
    if array.dtype != np.float32:
        raise WorkloadError(f"{where} are {array.dtype}; needed float32")
    if not np.isfinite(array).all():
        place = tuple(int(axis) for axis in np.argwhere(~np.isfinite(array))[0])
        raise WorkloadError(f"{where} have {array[place]} at {place}; every value must be finite")


def _check_window(operation: Convolution | MaxPool | AveragePool, where: str) -> None:
    fields = {"kernel": operation.kernel, "stride": operation.stride}
    if not isinstance(operation, AveragePool):
        fields["dilation"] = operation.dilation
    for what, pair in fields.items():
        if len(pair) != 2 or min(pair) < 1:
            raise WorkloadError(f"{where}: {what} is {pair}; needed (y, x), each 1 or more")
    if len(operation.padding) != 4 or min(operation.padding) < 0:
        raise WorkloadError(
            f"{where}: padding is {operation.padding}; needed (top, left, bottom, right), none negative"
        )
    span = effective_kernel(operation)
    if not isinstance(operation, Convolution) and any(
        pad >= span[side % 2] for side, pad in enumerate(operation.padding)
    ):
        raise WorkloadError(
            f"{where}: padding {operation.padding} is not smaller than the window {span}; a window would see no pixel"
        )


def _check_activation(operation: Activation, where: str) -> None:
    if operation.kind not in FUNCTIONS:
        raise WorkloadError(f"{where}: no activation {operation.kind!r}.{did_you_mean(operation.kind, FUNCTIONS)}")
    problem = FUNCTIONS[operation.kind].problem(operation)
    if problem:
        raise WorkloadError(f"{where}: {problem}")
