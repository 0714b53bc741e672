"""Activations, shapes, joins, padding and soft-max of ONNX."""

from math import prod

import numpy as np

from workloads.graphs.operations import Activation, Concatenate, Flatten, GlobalAveragePool, Shape, Softmax
from workloads.onnx.drafts import DraftOperation, FlattenChannelsLast, ZeroPad
from workloads.onnx.source import Source

_FLOAT_TYPES = {1: "float32", 11: "float64"}  # TensorProto.DataType
SIGMOID = Activation("sigmoid")
CURVES = {"HardSwish": "hard_swish", "Sigmoid": "sigmoid", "Softplus": "softplus", "Tanh": "tanh"}
_LARGEST = float(np.finfo(np.float32).max)


def relu(_: Source) -> list[DraftOperation]:
    """Relu."""
    return [Activation("relu")]


def curve(source: Source) -> list[DraftOperation]:
    """Functions without numbers of their own, which integers look up in tables."""
    return [Activation(CURVES[source.operator])]


def swish(_: Source) -> list[DraftOperation]:
    """Mul of a value and its Sigmoid: SiLU."""
    return [Activation("silu")]


def leaky_relu(source: Source) -> list[DraftOperation]:
    """LeakyRelu."""
    return [Activation("leaky", slope=source.number("alpha", 0.01))]


def clip(source: Source) -> list[DraftOperation]:
    """Clip; from 0 up without an end it is a ReLU. Bounds are attributes before opset 11, inputs since."""
    bounds = [-_LARGEST, _LARGEST]
    for index, name in enumerate(("min", "max")):
        if source.opset < 11:
            bounds[index] = source.number(name, bounds[index])
        elif source.operand(index + 1) is not None:
            bounds[index] = _scalar(source, index + 1)
    low, high = (value if abs(value) < _LARGEST else value * float("inf") for value in bounds)
    if not low <= high:
        raise source.refuse(f"it clips to {low} .. {high}", "min not above max")
    if np.isinf(low) and np.isinf(high):
        return []
    return [Activation("relu")] if (low, high) == (0.0, float("inf")) else [Activation("clip", low, high)]


def concatenate(source: Source) -> list[DraftOperation]:
    """Concat of values along the channels (axis 1)."""
    axis, rank = source.integer("axis", 1), len(source.shape()) + 1
    if axis % rank != 1:
        raise source.refuse(f"axis is {axis}", "axis 1, the channels")
    return [Concatenate()] if len(source.operands) > 1 else []


def flatten(source: Source) -> list[DraftOperation]:
    """Flatten to (batch, N)."""
    axis = source.integer("axis", 1)
    if axis not in {1, -len(source.shape())}:
        raise source.refuse(f"axis is {axis}", "axis 1, which keeps frames apart")
    return [] if len(source.shape()) == 1 else [_flattened(source)]


def reshape(source: Source) -> list[DraftOperation]:
    """Reshape to (batch, N), or to the shape there is already."""
    target = source.constant(1)
    if target is None or target.ndim != 1 or target.dtype.kind != "i":
        raise source.refuse(f"its target shape is {target!r}", "a constant list of integers")
    whole = (source.batch, *source.shape())
    keep_zeros = source.integer("allowzero", 0)
    sides = [
        whole[axis] if side == 0 and axis < len(whole) and not keep_zeros else int(side)
        for axis, side in enumerate(target)
    ]
    known = prod(side for side in sides if side != -1)
    if sides.count(-1) == 1 and known > 0:
        sides[sides.index(-1)] = prod(whole) // known
    return _reshaped(source, tuple(sides))


def squeeze(source: Source) -> list[DraftOperation]:
    """Squeeze of height and width, both 1."""
    whole = (source.batch, *source.shape())
    axes = {axis % len(whole) for axis in _axes(source, "axes", 13) or ()}
    if not axes or any(whole[axis] != 1 for axis in axes):
        raise source.refuse(
            f"it squeezes axes {sorted(axes)} of {_batched(source)}", "axes written out, each of size 1"
        )
    return _reshaped(source, tuple(side for axis, side in enumerate(whole) if axis not in axes))


def reduce_mean(source: Source) -> list[DraftOperation]:
    """ReduceMean over height and width: a global average pool."""
    axes = _axes(source, "axes", 18)
    if len(source.shape()) != 3 or {axis % 4 for axis in axes or ()} != {2, 3}:
        raise source.refuse(f"it averages axes {list(axes or ())} of {_batched(source)}", "axes 2 and 3 of a map")
    return [GlobalAveragePool()] if source.integer("keepdims", 1) else [GlobalAveragePool(), Flatten()]


def pad(source: Source) -> list[DraftOperation]:
    """Pad of height and width with zeros; how much is an attribute before opset 11, an input since."""
    mode = source.attributes.get("mode", "constant")
    value = source.number("value", 0.0) if source.opset < 11 else _scalar(source, 2)
    if mode != "constant" or value != 0.0:
        raise source.refuse(f"it pads by mode {mode!r} with value {value}", "mode 'constant' with zeros")
    given = source.integers("pads", ()) if source.opset < 11 else _integers(source, 1)
    rank = len(source.shape()) + 1
    axes = _axes(source, "axes", 18, index=3) if source.opset >= 18 else None
    chosen = [axis % rank for axis in axes] if axes is not None else list(range(rank))
    pads = dict.fromkeys(range(rank), (0, 0))
    if given is not None and len(given) == 2 * len(chosen):
        pads |= {axis: (given[place], given[place + len(chosen)]) for place, axis in enumerate(chosen)}
    wrong = any(min(pair) < 0 or (axis < 2 and any(pair)) for axis, pair in pads.items())
    if rank != 4 or wrong or given is None or len(given) != 2 * len(chosen):
        raise source.refuse(f"pads is {given} for {_batched(source)}", "height and width of a map, none negative")
    (top, bottom), (left, right) = pads[2], pads[3]
    return [ZeroPad((top, left, bottom, right))] if any((top, bottom, left, right)) else []


def transpose(source: Source) -> list[DraftOperation]:
    """Transpose of channels to the end or back: nothing, the graph keeps (C, H, W) and the importer the layout."""
    order = source.integers("perm", ())
    wanted = (0, 3, 1, 2) if source.channels_last else (0, 2, 3, 1)
    if len(source.shape()) != 3 or order != wanted:
        raise source.refuse(f"it turns the axes of {_batched(source)} to {list(order)}", f"{list(wanted)} there")
    return []


def softmax(source: Source) -> list[DraftOperation]:
    """Softmax or LogSoftmax over the channels. Before opset 13 it runs over all axes from `axis` on."""
    shape = source.shape()
    axis = source.integer("axis", 1 if source.opset < 13 else -1) % (len(shape) + 1)
    if axis != 1 or (source.opset < 13 and prod(shape[1:]) != 1):
        over = f"axis {axis}" if source.opset >= 13 else f"all axes from {axis} on"
        raise source.refuse(f"it runs over {over} of {_batched(source)}", "the channels (axis 1)")
    return [Softmax(logarithm=source.operator == "LogSoftmax")]


def identity(source: Source) -> list[DraftOperation]:
    """Identity, and Dropout in use: nothing."""
    training = source.constant(2) if source.operator == "Dropout" else None
    if training is not None and training.any():
        raise source.refuse("its training_mode is true: it would drop values at random", "a network exported for use")
    return []


def cast(source: Source) -> list[DraftOperation]:
    """Cast of float values to float: nothing."""
    if source.integer("to", 0) not in _FLOAT_TYPES:
        raise source.refuse(f"it casts values to data type {source.integer('to', 0)}", "casts to float32 and float64")
    return []


def _reshaped(source: Source, sides: Shape) -> list[DraftOperation]:
    whole = (source.batch, *source.shape())
    if sides == whole:
        return []
    if sides == (source.batch, prod(source.shape())):
        return [_flattened(source)]
    raise source.refuse(
        f"it turns {_batched(source)} into ({', '.join(map(str, sides))})", "(batch, N), which keeps frames apart"
    )


def _flattened(source: Source) -> DraftOperation:
    return FlattenChannelsLast() if source.channels_last else Flatten()


def _batched(source: Source) -> str:
    return f"(batch, {', '.join(map(str, source.shape()))})"


def _axes(source: Source, name: str, input_since: int, index: int = 1) -> tuple[int, ...] | None:
    """Axes from the attribute, or from the input it became in opset `input_since`; None if not given."""
    if source.opset >= input_since:
        return _integers(source, index)
    return source.integers(name, ()) if name in source.attributes else None


def _integers(source: Source, index: int) -> tuple[int, ...] | None:
    array = source.constant(index)
    if array is not None and (array.dtype.kind != "i" or array.ndim > 1):
        raise source.refuse(f"its input {index} is {array.dtype} of shape {array.shape}", "a list of integers")
    return None if array is None else tuple(int(number) for number in array.reshape(-1))


def _scalar(source: Source, index: int) -> float:
    array = source.constant(index)
    if array is not None and array.size != 1:
        raise source.refuse(f"its input {index} has shape {array.shape}", "one number")
    return 0.0 if array is None else float(array.reshape(-1)[0])
