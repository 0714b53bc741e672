"""SqueezeNet 1.1, an ImageNet classifier of 1,235,496 parameters, from the bundled weights.

Iandola et al., "SqueezeNet: AlexNet-level accuracy with 50x fewer parameters and <0.5MB model size", arXiv:1602.07360.
Version 1.1 is the authors' own, with 2.4 times fewer operations: a first convolution of 3 x 3, earlier pools.
"""

from collections.abc import Mapping
from importlib import resources
from typing import Any

from numpy.typing import NDArray

from workloads.errors import WorkloadError
from workloads.frames.archives import read_archive
from workloads.graphs.graph import (
    INPUT,
    Activation,
    Concatenate,
    Convolution,
    Flatten,
    GlobalAveragePool,
    MaxPool,
    Network,
    Node,
    Preprocessing,
    Softmax,
)

PREPROCESSING = Preprocessing("bgr", (103.939, 116.779, 123.68), (1.0, 1.0, 1.0))
_POOLS_AFTER = {3: "pool3", 5: "pool5"}
_SMALLEST = 35


def squeezenet11(size: int = 227, *, softmax: bool = True) -> Network:
    """SqueezeNet 1.1 for frames of (3, `size`, `size`), ending in probabilities, or in the mean scores before them.

    The weights were trained at 227; 224 and other sizes work as well. Raises WorkloadError if `size` is too small.
    """
    if size < _SMALLEST:
        raise WorkloadError(f"SqueezeNet 1.1 for frames of {size} x {size}; needed {_SMALLEST} or more, 227 as trained")
    with resources.as_file(resources.files("workloads") / "data" / "squeezenet11.npz") as path:
        arrays = read_archive(path)
    classes = (resources.files("workloads") / "data" / "imagenet-classes.txt").read_text("utf-8").splitlines()
    nodes = _nodes(arrays) + ([Node("prob", Softmax(), ("scores",))] if softmax else [])
    return Network(
        "squeezenet11", (3, size, size), tuple(nodes), nodes[-1].name, tuple(classes), preprocessing=PREPROCESSING
    )


def _nodes(arrays: Mapping[str, NDArray[Any]]) -> list[Node]:
    pool = MaxPool(kernel=(3, 3), stride=(2, 2), ceil=True)
    nodes = [*_convolved(arrays, "conv1", INPUT, stride=2), Node("pool1", pool, ("conv1.relu",))]
    for number in range(2, 10):
        nodes += _fire(arrays, f"fire{number}", nodes[-1].name)
        if number in _POOLS_AFTER:
            nodes.append(Node(_POOLS_AFTER[number], pool, (nodes[-1].name,)))
    nodes += _convolved(arrays, "conv10", nodes[-1].name)
    return [*nodes, Node("pool10", GlobalAveragePool(), (nodes[-1].name,)), Node("scores", Flatten(), ("pool10",))]


def _fire(arrays: Mapping[str, NDArray[Any]], name: str, source: str) -> list[Node]:
    """A fire module (the paper's Figure 1): 1 x 1 convolutions squeeze, 1 x 1 and 3 x 3 ones expand, side by side."""
    squeeze = _convolved(arrays, f"{name}.squeeze1x1", source)
    expand = [_convolved(arrays, f"{name}.expand{size}", squeeze[-1].name) for size in ("1x1", "3x3")]
    joined = Node(f"{name}.concat", Concatenate(), tuple(nodes[-1].name for nodes in expand))
    return [*squeeze, *expand[0], *expand[1], joined]


def _convolved(arrays: Mapping[str, NDArray[Any]], name: str, source: str, stride: int = 1) -> list[Node]:
    """A convolution and its ReLU; 3 x 3 ones are padded by 1, but for the first, which has the stride."""
    key = name.replace(".", "__")
    weights = arrays[f"{key}_w"]
    pad = weights.shape[2] // 2 if stride == 1 else 0
    convolution = Convolution(weights, arrays[f"{key}_b"], stride=(stride, stride), padding=(pad, pad, pad, pad))
    return [Node(name, convolution, (source,)), Node(f"{name}.relu", Activation("relu"), (name,))]
