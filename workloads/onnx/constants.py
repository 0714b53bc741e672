"""Constant folding: ONNX nodes whose inputs are all known before any frame comes."""

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from workloads.errors import WorkloadError

if TYPE_CHECKING:
    from onnx import NodeProto

FOLDABLE = frozenset(
    {
        *(
            "Add",
            "Sub",
            "Mul",
            "Div",
            "Neg",
            "Pow",
            "Sqrt",
            "Reciprocal",
            "Floor",
            "Ceil",
            "Max",
            "Min",
            "Equal",
            "Where",
        ),
        *(
            "Shape",
            "Size",
            "Gather",
            "Slice",
            "Split",
            "Concat",
            "Reshape",
            "Flatten",
            "Squeeze",
            "Unsqueeze",
            "Transpose",
        ),
        *("Cast", "Identity", "ConstantOfShape", "Expand"),
    }
)
_MOST_VALUES = 2**28


def evaluate(node: "NodeProto", inputs: Sequence[NDArray[Any] | None], opset: int) -> list[NDArray[Any]]:
    """Outputs of a node of FOLDABLE for these inputs (None: left out), by the reference of the package onnx.

    Raises WorkloadError if it cannot be computed, or would fill more than 2**28 values.
    """
    from onnx import ModelProto, helper  # noqa: PLC0415 # an optional extra
    from onnx.reference import ReferenceEvaluator  # noqa: PLC0415

    if node.op_type in {"ConstantOfShape", "Expand"} and inputs[-1] is not None:
        values = prod(int(side) for side in inputs[-1].reshape(-1))
        if values > _MOST_VALUES:
            raise WorkloadError(f"would be a constant of {values:,} values; at most {_MOST_VALUES:,} are made")
    names = [name for name in node.input if name]
    graph = helper.make_graph([node], "constant", [helper.make_empty_tensor_value_info(name) for name in names], [])
    graph.output.extend(helper.make_empty_tensor_value_info(name) for name in node.output if name)
    model: ModelProto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    given = {name: array for name, array in zip(node.input, inputs, strict=True) if name}
    try:
        return [np.asarray(array) for array in ReferenceEvaluator(model).run(None, given)]
    except Exception as error:  # noqa: BLE001 # whatever a wrong node makes the reference raise
        raise WorkloadError(f"its inputs are constant, but it cannot be computed ({error})") from None
