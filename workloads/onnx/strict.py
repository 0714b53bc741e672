"""Attributes and outputs of ONNX nodes: what no rule of the importer reads is refused, so that nothing is left out.

A rule refuses values that it cannot honour. An attribute that it does not know of at all would be passed over in
silence, and the network would be another one.
"""

from typing import Final

from workloads.onnx.source import Source

_WINDOW: Final = ("auto_pad", "dilations", "kernel_shape", "pads", "strides")

_READ: Final[dict[str, tuple[str, ...]]] = {
    "AveragePool": (*_WINDOW, "ceil_mode", "count_include_pad"),
    "BatchNormalization": ("epsilon", "spatial", "training_mode"),
    "Cast": ("to",),
    "Concat": ("axis",),
    "Conv": (*_WINDOW, "group"),
    "Flatten": ("axis",),
    "Gemm": ("alpha", "beta", "transA", "transB"),
    "LeakyRelu": ("alpha",),
    "LogSoftmax": ("axis",),
    "MaxPool": (*_WINDOW, "ceil_mode"),
    "Pad": ("mode",),
    "ReduceMean": ("keepdims",),
    "Reshape": ("allowzero",),
    "Softmax": ("axis",),
    "Transpose": ("perm",),
}
"""What the rules read, in every opset; see `_READ_BEFORE` for what became an input."""

_READ_BEFORE: Final[dict[str, tuple[int, tuple[str, ...]]]] = {
    "Clip": (11, ("max", "min")),
    "Pad": (11, ("pads", "value")),
    "ReduceMean": (18, ("axes",)),
    "Squeeze": (13, ("axes",)),
}

_MEANINGLESS: Final[dict[str, tuple[str, ...]]] = {
    "BatchNormalization": ("momentum",),  # of training
    "Cast": ("round_mode", "saturate"),  # of casts to 8-bit floats
    "Dropout": ("ratio", "seed"),  # of training
    "MaxPool": ("storage_order",),  # of the places of the maxima, which are refused where they are read
    "ReduceMean": ("noop_with_empty_axes",),  # empty axes are refused
}
"""What does not touch the values of a network in use."""

_SECOND_OUTPUTS: Final = frozenset({"BatchNormalization", "Dropout", "MaxPool"})
"""Operators that may name further outputs, a mask or the places of maxima: whoever reads one of these is refused. Those
of a batch normalisation say that it is in training, which its rule refuses.
"""


def check_attributes(source: Source) -> None:
    """Raise WorkloadError if the node has an attribute that its rule does not read and that may mean something."""
    since, old = _READ_BEFORE.get(source.operator, (0, ()))
    read = (*_READ.get(source.operator, ()), *(old if source.opset < since else ()))
    unknown = [name for name in source.attributes if name not in (*read, *_MEANINGLESS.get(source.operator, ()))]
    if unknown:
        raise source.refuse(
            f"it has attribute {unknown[0]} = {source.attributes[unknown[0]]!r}, which is not read at opset "
            f"{source.opset}",
            ", ".join(sorted(read)) or "no attributes",
        )


def check_outputs(source: Source) -> None:
    """Raise WorkloadError if the node names further outputs than its operator can leave unread."""
    if any(source.outputs[1:]) and source.operator not in _SECOND_OUTPUTS:
        raise source.refuse(f"it gives {len(source.outputs)} values", "one output")
