"""Matrix products, batch normalisation and arithmetic of ONNX with constants."""

import numpy as np
from numpy.typing import NDArray

from workloads.graphs.operations import Add, Dense
from workloads.onnx.drafts import DraftOperation, Scale, wide
from workloads.onnx.source import Float64Array, Source


def gemm(source: Source) -> list[DraftOperation]:
    """Gemm of a vector and constant weights: alpha * x @ B + beta * C."""
    _vector(source)
    if source.integer("transA", 0):
        raise source.refuse("transA is 1: it would mix frames", "transA 0")
    weights = source.weights(1, "weights") * source.number("alpha", 1.0)
    weights = weights.T if source.integer("transB", 0) else weights
    if weights.ndim != 2:
        raise source.refuse(f"its weights have shape {weights.shape}", "a matrix")
    outputs = weights.shape[1]
    if source.operand(2) is None:
        return [_dense(source, weights, np.zeros(outputs))]
    bias = source.weights(2, "bias") * source.number("beta", 1.0)
    if bias.size not in {1, outputs} or bias.shape[-1:] not in {(), (bias.size,)}:
        raise source.refuse(f"its bias has shape {bias.shape}", f"one number, or {outputs}, one per output")
    return [_dense(source, weights, np.broadcast_to(bias.reshape(-1), (outputs,)).copy())]


def matmul(source: Source) -> list[DraftOperation]:
    """MatMul of a vector and constant weights."""
    _vector(source)
    weights = source.weights(1, "weights")
    if weights.ndim != 2:
        raise source.refuse(f"its weights have shape {weights.shape}", "a matrix (inputs, outputs)")
    return [_dense(source, weights, np.zeros(weights.shape[1]))]


def batch_normalization(source: Source) -> list[DraftOperation]:
    """BatchNormalization with stored statistics: (x - mean) / sqrt(var + epsilon) * scale + bias, per channel.

    Before opset 14 it is in training, and normalises by the batch, where it has more outputs than one; since then
    where training_mode says so.
    """
    if source.integer("training_mode", 0) or any(source.outputs[1:]):
        raise source.refuse(
            "it is in training mode (training_mode, or outputs besides the first): it normalises by the batch at hand",
            "a network exported for use, whose statistics are stored",
        )
    if not source.integer("spatial", 1):
        raise source.refuse("spatial is 0: its statistics are of single values", "statistics per channel (spatial 1)")
    names = ("scale", "bias", "mean", "variance")
    scale, bias, mean, variance = (source.weights(index, name) for index, name in enumerate(names, 1))
    channels = source.shape()[0]
    for name, array in zip(names, (scale, bias, mean, variance), strict=True):
        if array.shape != (channels,):
            raise source.refuse(f"its {name} has shape {array.shape}", f"({channels},), one per channel")
    spread = variance + source.number("epsilon", 1e-5)
    if (spread <= 0).any():
        raise source.refuse(f"variance + epsilon is {spread.min():.3g} in channel {int(spread.argmin())}; not above 0")
    factor = scale / np.sqrt(spread)
    return [Scale(factor, bias - mean * factor)]


def add(source: Source) -> list[DraftOperation]:
    """Add or Sum of values, or of a value and constants (per channel)."""
    constants = [
        operand.constant for operand in source.operands if operand is not None and operand.constant is not None
    ]
    values = sum(operand is not None and operand.constant is None for operand in source.operands)
    operations: list[DraftOperation] = [Add()] if values > 1 else []
    shape = source.shape(_value_index(source))
    for constant in constants:
        shift = _per_channel(source, constant, shape)
        operations.append(Scale(np.ones_like(shift), shift))
    return operations


def subtract(source: Source) -> list[DraftOperation]:
    """Sub of a value and a constant (per channel), either way round."""
    index = _only_value(source)
    constant = _per_channel(source, source.constant(1 - index), source.shape(index))
    ones = np.ones_like(constant)
    return [Scale(ones, -constant) if index == 0 else Scale(-ones, constant)]


def multiply(source: Source) -> list[DraftOperation]:
    """Mul of a value and a constant (per channel)."""
    index = _only_value(source)
    factor = _per_channel(source, source.constant(1 - index), source.shape(index))
    return [Scale(factor, np.zeros_like(factor))]


def divide(source: Source) -> list[DraftOperation]:
    """Div of a value by a constant (per channel)."""
    if _only_value(source) != 0:
        raise source.refuse("it divides by a value that depends on the frame", "division by a constant")
    divisor = _per_channel(source, source.constant(1), source.shape(0))
    if not divisor.all():
        raise source.refuse("it divides by 0")
    return [Scale(1 / divisor, np.zeros_like(divisor))]


def _dense(source: Source, weights: Float64Array, bias: Float64Array) -> Dense:
    if source.shape()[0] != weights.shape[0]:
        raise source.refuse(f"its input has {source.shape()[0]} values, its weights take {weights.shape[0]}")
    return Dense(wide(weights), wide(bias))


def _vector(source: Source) -> None:
    if len(source.shape()) != 1:
        shape = ", ".join(map(str, source.shape()))
        raise source.refuse(f"its first input has shape (batch, {shape})", "(batch, N); put a Flatten before it")


def _value_index(source: Source) -> int:
    values = [
        index for index, operand in enumerate(source.operands) if operand is not None and operand.constant is None
    ]
    return values[0]


def _only_value(source: Source) -> int:
    """Which of two inputs depends on the frame. Raises WorkloadError if both do."""
    if len(source.operands) != 2 or all(operand and operand.constant is None for operand in source.operands):
        raise source.refuse(
            "both its inputs depend on the frame", "a constant as one of them; values are joined by Add and Concat only"
        )
    return _value_index(source)


def _per_channel(source: Source, constant: NDArray[np.generic] | None, shape: tuple[int, ...]) -> Float64Array:
    """A constant that broadcasts along the channels of (batch, *shape), as (C,) float64."""
    array = source.finite(np.zeros(0) if constant is None else constant, "constant")
    sides = (1,) * (len(shape) + 1 - array.ndim) + array.shape
    if len(sides) != len(shape) + 1 or sides[1] not in {1, shape[0]} or array.size != sides[1]:
        per = ", ".join([str(shape[0]), *("1" for _ in shape[1:])])
        raise source.refuse(
            f"its constant has shape {array.shape} for values (batch, {', '.join(map(str, shape))})",
            f"one number, or one per channel: ({per})",
        )
    return np.broadcast_to(array.reshape(-1), shape[:1]).copy()
