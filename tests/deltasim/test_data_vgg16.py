"""Cutting the convolutions of VGG-16 out of a classifier."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from workloads.assets import AssetError
from workloads.assets.vgg16 import _KINDS, cut_vgg16_convolutions


def classifier(kinds):
    """A chain like VGG-16, one channel wide past the first layer, behind a transpose and before a head."""
    helper = onnx.helper
    nodes = [helper.make_node("Transpose", ["picture"], ["planes"], perm=[0, 3, 1, 2])]
    weights, at, convolutions, names = [], "planes", 0, iter(range(100))
    for kind in kinds:
        name = f"functional_1/block1_conv{next(names)}_1/{kind}"
        inputs = [at]
        if kind == "Conv":
            shape = (1, 3 if convolutions == 0 else 1, 3, 3)
            convolutions += 1
            values = np.random.default_rng(convolutions).normal(size=shape).astype(np.float32)
            weights += [onnx.numpy_helper.from_array(values, f"w{convolutions}")]
            weights += [onnx.numpy_helper.from_array(np.float32([0.1]), f"b{convolutions}")]
            inputs += [f"w{convolutions}", f"b{convolutions}"]
        pool = {"kernel_shape": [2, 2], "strides": [2, 2]} if kind == "MaxPool" else {}
        window = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]} if kind == "Conv" else {}
        nodes.append(helper.make_node(kind, inputs, [name], name=name, **pool, **window))
        at = name
    nodes.append(helper.make_node("Flatten", [at], ["classes"]))
    info = helper.make_tensor_value_info
    picture = info("picture", onnx.TensorProto.FLOAT, ["n", 224, 224, 3])
    graph = helper.make_graph(nodes, "g", [picture], [info("classes", onnx.TensorProto.FLOAT, ["n", "k"])], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=7)


def test_the_head_goes_and_the_weights_stay(tmp_path):
    source, target = tmp_path / "whole.onnx", tmp_path / "cut.onnx"
    onnx.save(classifier(_KINDS), str(source))
    cut_vgg16_convolutions(source, target)
    graph = onnx.load(str(target)).graph
    assert [node.op_type for node in graph.node] == _KINDS
    assert [each.name for each in graph.input] == ["input"]
    assert [each.name for each in graph.output] == [graph.node[-1].output[0]]
    assert len(graph.initializer) == 26
    first = onnx.numpy_helper.to_array(graph.initializer[0])
    assert np.array_equal(first, np.random.default_rng(1).normal(size=(1, 3, 3, 3)).astype(np.float32))
    once = target.read_bytes()
    cut_vgg16_convolutions(source, target)
    assert target.read_bytes() == once


def test_another_network_is_refused(tmp_path):
    onnx.save(classifier(_KINDS[:-1]), str(tmp_path / "other.onnx"))
    with pytest.raises(AssetError, match=r"other\.onnx does not start with the layers of VGG-16"):
        cut_vgg16_convolutions(tmp_path / "other.onnx", tmp_path / "cut.onnx")
