"""Imported networks against onnxruntime: SqueezeNet, block structures of known networks, random small graphs."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx_models import Model, check_against_onnxruntime, model_of_graph, run_onnxruntime
from random_graphs import graphs

from workloads.graphs.graph import Add, Convolution, Flatten
from workloads.graphs.run import run_graph
from workloads.graphs.squeezenet import squeezenet11
from workloads.onnx.importing import import_onnx


@pytest.mark.parametrize("size", [224, 227])
def test_squeezenet_equals_onnxruntime(tmp_path, size):
    graph = squeezenet11(size)
    path = tmp_path / "squeezenet11.onnx"
    path.write_bytes(model_of_graph(graph).SerializeToString())
    imported = check_against_onnxruntime(path, frames=1)
    assert [node.name for node in imported.nodes] == [node.name for node in graph.nodes]
    frames = np.random.default_rng(0).uniform(-120, 150, (1, 3, size, size)).astype(np.float32)
    scores = run_graph(graph, frames, ["prob"])["prob"]
    assert np.array_equal(scores, run_graph(imported, frames, ["prob"])["prob"])
    assert np.allclose(scores, run_onnxruntime(path, frames), rtol=1e-4, atol=1e-9)


def vgg() -> Model:
    m = Model((3, 16, 16), opset=9)
    x = "frames"
    for outputs in (8, 12):
        for _ in range(2):
            x = m.add("Relu", m.conv(x, outputs))
        x = m.add("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    # x.view(x.size(0), -1), as exported by tracing
    size = m.add("Gather", m.add("Shape", x), m.constant(0, np.int64), axis=0)
    sides = [m.add("Unsqueeze", size, axes=[0]), m.constant([-1], np.int64)]
    x = m.add("Reshape", x, m.add("Concat", *sides, axis=0))
    x = m.add("Dropout", m.add("Relu", m.dense(x, 192, 20)), ratio=0.5)
    m.add("Softmax", m.dense(x, 20, 10))
    return m


def resnet() -> Model:
    m = Model((3, 17, 17), opset=13)
    x = m.add("Relu", m.batch_norm(m.conv("frames", 8, 7, strides=[2, 2], bias=False)))
    x = m.add("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    for outputs, stride in ((8, 1), (16, 2)):
        y = m.add("Relu", m.batch_norm(m.conv(x, outputs, strides=[stride] * 2, bias=False)))
        y = m.batch_norm(m.conv(y, outputs, bias=False))
        shortcut = m.batch_norm(m.conv(x, outputs, 1, strides=[stride] * 2, bias=False)) if stride > 1 else x
        x = m.add("Relu", m.add("Add", y, shortcut))
    m.dense(m.add("Flatten", m.add("GlobalAveragePool", x)), 16, 10)
    return m


def mobilenet_v1() -> Model:
    m = Model((3, 15, 15), opset=11)
    zero, six = m.constant(0, np.float32), m.constant(6, np.float32)
    x = m.add("Clip", m.batch_norm(m.conv("frames", 8, auto_pad="SAME_UPPER", strides=[2, 2], bias=False)), zero, six)
    for outputs, stride in ((16, 1), (24, 2)):
        group = m.channels[x]
        x = m.conv(x, group, auto_pad="SAME_UPPER", strides=[stride] * 2, group=group, bias=False)
        x = m.add("Clip", m.batch_norm(x), zero, six)
        x = m.add("Clip", m.batch_norm(m.conv(x, outputs, 1, bias=False)), zero, six)
    x = m.add("ReduceMean", x, axes=[2, 3], keepdims=0)
    x = m.add("MatMul", x, m.normal(24, 10))
    m.add("Softmax", m.add("Add", x, m.normal(10)), axis=1)
    return m


def mobilenet_v2() -> Model:
    m = Model((3, 16, 16), opset=18)
    zero, six = m.constant(0, np.float32), m.constant(6, np.float32)
    x = m.add("Clip", m.batch_norm(m.conv("frames", 8, strides=[2, 2], bias=False)), zero, six)
    for outputs, stride in ((8, 1), (12, 2), (12, 1)):
        wide = 6 * m.channels[x]
        y = m.add("Clip", m.batch_norm(m.conv(x, wide, 1, bias=False)), zero, six)
        y = m.add("Clip", m.batch_norm(m.conv(y, wide, group=wide, strides=[stride] * 2, bias=False)), zero, six)
        y = m.batch_norm(m.conv(y, outputs, 1, bias=False))
        x = m.add("Add", x, y) if outputs == m.channels[x] and stride == 1 else y
    x = m.add("ReduceMean", x, m.constant([-1, -2], np.int64), keepdims=1)
    m.dense(m.add("Reshape", x, m.constant([0, -1], np.int64)), 12, 10)
    return m


def googlenet() -> Model:
    m = Model((3, 23, 23), opset=15)
    x = m.add("Relu", m.conv("frames", 8, 7, strides=[2, 2]))
    x = m.add("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)
    for _ in range(2):
        one = m.add("Relu", m.conv(x, 4, 1))
        three = m.add("Relu", m.conv(m.add("Relu", m.conv(x, 3, 1)), 5, 3))
        five = m.add("Relu", m.conv(m.add("Relu", m.conv(x, 2, 1)), 3, 5))
        pooled = m.add("MaxPool", x, kernel_shape=[3, 3], strides=[1, 1], pads=[1, 1, 1, 1], ceil_mode=1)
        x = m.concat(one, three, five, m.add("Relu", m.conv(pooled, 4, 1)))
    x = m.add("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)
    x = m.add("AveragePool", x, kernel_shape=[3, 3], strides=[1, 1])
    m.add("LogSoftmax", m.dense(m.add("Flatten", x), 16, 10), axis=1)
    return m


def densenet() -> Model:
    m = Model((3, 16, 16), opset=12)
    x = m.add("Relu", m.batch_norm(m.conv("frames", 8, strides=[2, 2], bias=False)))
    for block in range(2):
        for _ in range(2):
            y = m.conv(m.add("Relu", m.batch_norm(x)), 8, 1, bias=False)
            y = m.conv(m.add("Relu", m.batch_norm(y)), 4, bias=False)
            x = m.concat(x, y)
        if block == 0:
            x = m.conv(m.add("Relu", m.batch_norm(x)), 8, 1, bias=False)
            x = m.add("AveragePool", x, kernel_shape=[2, 2], strides=[2, 2])
    x = m.add("GlobalAveragePool", m.add("Relu", m.batch_norm(x)))
    m.dense(m.add("Flatten", x), 16, 10)
    return m


def operations(graph, kind) -> list:
    return [node.operation for node in graph.nodes if isinstance(node.operation, kind)]


@pytest.mark.parametrize("build", [vgg, resnet, mobilenet_v1, mobilenet_v2, googlenet, densenet])
def test_block_structures_equal_onnxruntime(tmp_path, build):
    graph = check_against_onnxruntime(build().save(tmp_path / "net.onnx"), frames=3)
    assert not operations(graph, Flatten)


def test_batch_norm_vanishes_into_the_convolution_before_it(tmp_path):
    graph = check_against_onnxruntime(resnet().save(tmp_path / "net.onnx"))
    assert len(operations(graph, Convolution)) == 6
    assert len(operations(graph, Add)) == 2


def test_batch_norm_before_a_convolution_becomes_a_depthwise_one(tmp_path):
    graph = check_against_onnxruntime(densenet().save(tmp_path / "net.onnx"))
    scales = [layer for layer in operations(graph, Convolution) if layer.kernel == (1, 1) and layer.groups > 1]
    assert len(scales) == 6  # one before each 1 x 1 convolution, and the last; those between convolutions are folded
    assert all(layer.weights.shape[:2] == (layer.groups, 1) for layer in scales)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(graph=graphs(), seed=st.integers(0, 2**16))
def test_random_graphs_equal_onnxruntime(tmp_path, graph, seed):
    path = tmp_path / "random.onnx"
    path.write_bytes(model_of_graph(graph).SerializeToString())
    frames = np.random.default_rng(seed).normal(size=(2, *graph.input_shape)).astype(np.float32)
    theirs = run_onnxruntime(path, frames)
    ours = run_graph(graph, frames, [graph.output])[graph.output]
    assert ours.shape == theirs.shape
    assert np.abs(ours - theirs).max() <= 1e-4 * max(np.abs(theirs).max(), 1e-6)
    imported = import_onnx(path)
    assert np.array_equal(ours, run_graph(imported, frames, [imported.output])[imported.output])


def channels_last() -> Model:
    """As converters from channels-last frameworks write them: turned at the start, turned back before the flatten."""
    m = Model((8, 10, 3), opset=13)
    x = m.add("Transpose", "frames", perm=[0, 3, 1, 2])
    m.channels[x] = 3
    x = m.add("Relu", m.conv(x, 4))
    x = m.add("Relu", m.add("Transpose", x, perm=[0, 2, 3, 1]))
    size = m.add("Slice", m.add("Cast", m.add("Shape", x), to=6), *(m.constant([n], np.int64) for n in (0, 1, 0)))
    shape = m.add("Cast", m.add("Concat", size, m.constant([-1], np.int32), axis=0), to=7)
    x = m.add("Reshape", x, shape)
    x = m.add("Relu", m.add("Add", m.add("MatMul", x, m.normal(320, 6)), m.normal(6)))
    x = m.add("Add", m.add("Mul", x, m.normal(6)), m.normal(6))
    m.add("Softmax", m.add("MatMul", x, m.normal(6, 5)))
    return m


def test_channels_last_models_take_frames_channels_first(tmp_path):
    path = channels_last().save(tmp_path / "net.onnx")
    graph = import_onnx(path)
    assert graph.input_shape == (3, 8, 10)
    assert [type(node.operation).__name__ for node in graph.nodes] == [
        *("Convolution", "Activation", "Activation", "Dense", "Activation", "Dense", "Softmax")
    ]
    frames = np.random.default_rng(0).normal(size=(2, 8, 10, 3)).astype(np.float32)
    ours = run_graph(graph, frames.transpose(0, 3, 1, 2), [graph.output])[graph.output]
    assert np.allclose(ours, run_onnxruntime(path, frames), rtol=1e-4, atol=1e-7)
