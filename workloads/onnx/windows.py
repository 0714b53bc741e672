"""Convolutions and pools of ONNX: windows, padding written out or automatic."""

from dataclasses import replace

from workloads.graphs.operations import (
    NO_PADDING,
    AveragePool,
    Convolution,
    GlobalAveragePool,
    MaxPool,
    Padding,
    Pair,
)
from workloads.onnx.drafts import DraftOperation, wide
from workloads.onnx.source import Source


def convolution(source: Source) -> list[DraftOperation]:
    """Conv, on maps, with constant weights."""
    weights = source.weights(1, "weights")
    if weights.ndim != 4:
        raise source.refuse(f"it is a {weights.ndim - 2}-D convolution, weights {weights.shape}", "2-D convolutions")
    bias = weights[:, 0, 0, 0] * 0 if source.operand(2) is None else source.weights(2, "bias")
    kernel = _pair(source, "kernel_shape", weights.shape[2:])
    if kernel != weights.shape[2:]:
        raise source.refuse(f"kernel_shape {kernel} differs from its weights {weights.shape}")
    stride, dilation = _pair(source, "strides", (1, 1)), _pair(source, "dilations", (1, 1))
    padding = _padding(source, kernel, stride, dilation)
    groups = source.integer("group", 1)
    if groups < 1 or weights.shape[0] % groups:
        raise source.refuse(f"{weights.shape[0]} outputs cannot be shared by {groups} groups")
    return [Convolution(wide(weights), wide(bias), stride, padding, dilation, groups)]


def max_pool(source: Source) -> list[DraftOperation]:
    """MaxPool, on maps."""
    kernel, stride, dilation = _window(source)
    ceil = source.integer("ceil_mode", 0) != 0
    return [MaxPool(kernel, stride, _padding(source, kernel, stride, dilation), dilation, ceil)]


def average_pool(source: Source) -> list[DraftOperation]:
    """AveragePool, on maps, without dilation."""
    kernel, stride, dilation = _window(source)
    if dilation != (1, 1):
        raise source.refuse(f"dilations are {dilation}", "average pools without dilation")
    ceil, counted = source.integer("ceil_mode", 0) != 0, source.integer("count_include_pad", 0) != 0
    return [AveragePool(kernel, stride, _padding(source, kernel, stride, dilation), ceil, counted)]


def global_average_pool(source: Source) -> list[DraftOperation]:
    """GlobalAveragePool, on maps."""
    source.map_shape()
    return [GlobalAveragePool()]


def global_max_pool(source: Source) -> list[DraftOperation]:
    """GlobalMaxPool: a pool with a window as large as the map."""
    _, height, width = source.map_shape()
    return [MaxPool((height, width))]


def padded_by(operation: Convolution | AveragePool | MaxPool, more: Padding) -> Convolution | AveragePool | MaxPool:
    """`operation` with `more` rows and columns of padding."""
    top, left, bottom, right = (old + new for old, new in zip(operation.padding, more, strict=True))
    return replace(operation, padding=(top, left, bottom, right))


def _window(source: Source) -> tuple[Pair, Pair, Pair]:
    """Kernel, stride and dilation of a pool."""
    source.map_shape()
    if "kernel_shape" not in source.attributes:
        raise source.refuse("it has no attribute kernel_shape")
    return _pair(source, "kernel_shape", ()), _pair(source, "strides", (1, 1)), _pair(source, "dilations", (1, 1))


def _pair(source: Source, name: str, default: tuple[int, ...]) -> Pair:
    numbers = source.integers(name, default)
    if len(numbers) != 2 or min(numbers) < 1:
        raise source.refuse(f"{name} is {list(numbers)}", "two numbers (y, x), each 1 or more")
    return numbers[0], numbers[1]


def _padding(source: Source, kernel: Pair, stride: Pair, dilation: Pair) -> Padding:
    """`pads` of the node, or what its `auto_pad` comes to for its input."""
    way = source.attributes.get("auto_pad", "NOTSET")
    if way == "NOTSET":
        pads = source.integers("pads", NO_PADDING)
        if len(pads) != 4 or min(pads) < 0:
            raise source.refuse(f"pads is {list(pads)}", "four numbers (top, left, bottom, right), none negative")
        return pads[0], pads[1], pads[2], pads[3]
    if way == "VALID":
        return NO_PADDING
    if way not in {"SAME_UPPER", "SAME_LOWER"}:
        raise source.refuse(f"auto_pad is {way!r}", "NOTSET, VALID, SAME_UPPER, SAME_LOWER")
    _, *sizes = source.map_shape()
    (top, bottom), (left, right) = (
        _same(size, (kernel[axis] - 1) * dilation[axis] + 1, stride[axis], upper=way == "SAME_UPPER")
        for axis, size in enumerate(sizes)
    )
    return top, left, bottom, right


def _same(size: int, span: int, stride: int, *, upper: bool) -> Pair:
    """Padding before and after, so that there are ceil(size / stride) windows; an odd one goes after if `upper`."""
    windows = -(-size // stride)
    total = max((windows - 1) * stride + span - size, 0)
    small, large = total // 2, total - total // 2
    return (small, large) if upper else (large, small)
