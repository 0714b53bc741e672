"""The convolutions of VGG-16 cut out of a classifier that was trained on top of them.

The convolutions (Simonyan and Zisserman, ICLR 2015, configuration D; weights as published by Keras) were left as they
are in that training; its four-class head is dropped. Input: BGR minus (103.939, 116.779, 123.68), planes first.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any, Final

from workloads.assets.errors import AssetError

RECIPE: Final = "vgg16-convolutions/1"
_SIDE_PIXELS: Final = 224
_KINDS: Final = ["Conv", "Relu", "Conv", "Relu", "MaxPool"] * 2 + (["Conv", "Relu"] * 3 + ["MaxPool"]) * 3
_IR_VERSION: Final = 7
_OPSET: Final = 13


def cut_vgg16_convolutions(source: Path, target: Path) -> None:
    """Write the model from the first convolution to the last pool: input (batch, 3, 224, 224), output `block5_pool`.

    Nodes are renamed block1_conv1, block1_conv1_relu, ... block5_pool; weights and attributes stay as they are.
    Raises AssetError if the package onnx is missing, or `source` is not that chain.
    """
    onnx = _load_onnx()
    graph = onnx.load(str(source), load_external_data=False).graph
    weights = {tensor.name: tensor for tensor in graph.initializer}
    nodes = [node for node in graph.node if node.op_type in {"Conv", "Relu", "MaxPool"}][: len(_KINDS)]
    if [node.op_type for node in nodes] != _KINDS:
        raise AssetError(f"{source.name} does not start with the layers of VGG-16; it is not converted")
    chain, kept, at = [], [], "input"
    for node in nodes:
        name = _short_name(node)
        tensors = [weights[each] for each in node.input[1:]]
        for tensor, role in zip(tensors, ("weight", "bias"), strict=False):
            tensor.name = f"{name}.{role}"
            kept.append(tensor)
        new = onnx.helper.make_node(node.op_type, [at, *(tensor.name for tensor in tensors)], [name], name=name)
        new.attribute.extend(node.attribute)
        chain.append(new)
        at = name
    target.write_bytes(_model(onnx, chain, kept, at).SerializeToString(deterministic=True))


def _model(onnx: Any, chain: list[Any], kept: list[Any], output: str) -> Any:  # noqa: ANN401 - onnx is optional
    helper, floats = onnx.helper, onnx.TensorProto.FLOAT
    small = _SIDE_PIXELS // 32
    model = helper.make_model(
        helper.make_graph(
            chain,
            "vgg16-convolutions",
            [helper.make_tensor_value_info("input", floats, ["batch", 3, _SIDE_PIXELS, _SIDE_PIXELS])],
            [helper.make_tensor_value_info(output, floats, ["batch", 512, small, small])],
            kept,
        ),
        opset_imports=[helper.make_opsetid("", _OPSET)],
        ir_version=_IR_VERSION,
        producer_name="deltasim",
    )
    onnx.checker.check_model(model)
    return model


def _short_name(node: Any) -> str:  # noqa: ANN401
    """`functional_1/block1_conv1_1/Relu` becomes `block1_conv1_relu`."""
    layer = "_".join(node.name.split("/")[1].split("_")[:2])
    return f"{layer}_relu" if node.op_type == "Relu" else layer


def _load_onnx() -> Any:  # noqa: ANN401
    try:
        for part in ("checker", "helper"):
            importlib.import_module(f"onnx.{part}")
        return importlib.import_module("onnx")
    except ImportError as error:
        raise AssetError("networks are cut by the package onnx, not installed: pip install 'deltasim[onnx]'") from error
