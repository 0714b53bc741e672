"""ONNX models for tests: built by hand, or written from a graph; and what onnxruntime makes of them."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from workloads.graphs.graph import (
    Activation,
    Add,
    AveragePool,
    Concatenate,
    Convolution,
    Dense,
    Flatten,
    GlobalAveragePool,
    MaxPool,
    Network,
    Softmax,
)
from workloads.graphs.run import run_graph
from workloads.onnx.importing import import_onnx


class Model:
    """An ONNX model under construction; `add` gives the name of the value that a node makes."""

    def __init__(self, shape=(3, 16, 16), *, opset=17, seed=0, batch="n"):
        self.shape, self.opset, self.batch = tuple(shape), opset, batch
        self.rng = np.random.default_rng(seed)
        self.nodes, self.tensors = [], []
        self.channels = {"frames": shape[0]}

    def constant(self, values, dtype=None) -> str:
        name = f"c{len(self.tensors)}"
        self.tensors.append(numpy_helper.from_array(np.asarray(values, dtype), name))
        return name

    def normal(self, *shape, deviation=None) -> str:
        deviation = deviation or (np.prod(shape[1:]) or 1) ** -0.5
        return self.constant(self.rng.normal(0, deviation, shape).astype(np.float32))

    def add(self, operator, *inputs, name=None, **attributes) -> str:
        output = f"v{len(self.nodes)}"
        node = helper.make_node(
            operator, inputs, [output], name=name or f"{operator.lower()}{len(self.nodes)}", **attributes
        )
        self.nodes.append(node)
        self.channels[output] = self.channels.get(inputs[0] if inputs else "", 0)
        return output

    def conv(self, value, outputs, size=3, *, bias=True, **attributes) -> str:
        groups = attributes.get("group", 1)
        weights = self.normal(outputs, self.channels[value] // groups, size, size)
        if "auto_pad" not in attributes:
            attributes.setdefault("pads", [size // 2] * 4)
        output = self.add("Conv", value, weights, *([self.normal(outputs)] if bias else []), **attributes)
        self.channels[output] = outputs
        return output

    def batch_norm(self, value) -> str:
        c = self.channels[value]
        scale, variance = (self.constant(self.rng.uniform(0.5, 2, c).astype(np.float32)) for _ in range(2))
        return self.add("BatchNormalization", value, scale, self.normal(c), self.normal(c), variance, epsilon=1e-3)

    def concat(self, *values) -> str:
        output = self.add("Concat", *values, axis=1)
        self.channels[output] = sum(self.channels[value] for value in values)
        return output

    def dense(self, value, inputs, outputs) -> str:
        output = self.add("Gemm", value, self.normal(outputs, inputs), self.normal(outputs), transB=1)
        self.channels[output] = outputs
        return output

    def proto(self, output=None) -> onnx.ModelProto:
        frames = helper.make_tensor_value_info("frames", TensorProto.FLOAT, [self.batch, *self.shape])
        last = helper.make_tensor_value_info(output or self.nodes[-1].output[0], TensorProto.FLOAT, None)
        graph = helper.make_graph(self.nodes, "net", [frames], [last], self.tensors)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=8)

    def save(self, path: Path, output=None) -> Path:
        path.write_bytes(self.proto(output).SerializeToString())
        return path


def run_onnxruntime(path: Path, frames):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: frames})[0]


def check_against_onnxruntime(path: Path, *, frames=2, seed=1, expected=None) -> Network:
    """Import the model at `path`, hold its outputs equal to onnxruntime's to 1e-4 relative, give the graph."""
    graph = import_onnx(path)
    values = np.random.default_rng(seed).normal(size=(frames, *graph.input_shape)).astype(np.float32)
    theirs = run_onnxruntime(path, values)
    ours = run_graph(graph, values, [graph.output])[graph.output]
    assert ours.shape == theirs.shape
    assert np.abs(ours - theirs).max() <= 1e-4 * np.abs(theirs).max()
    return graph


def model_of_graph(graph: Network, opset=22) -> onnx.ModelProto:
    """The same network in ONNX, node by node, with a dynamic batch.

    Before operator set 22 ONNX's shape inference counts a ceil-mode window that begins in the padding after the map,
    which no runtime computes; fully connected layers behind such pools then fail to load.
    """
    nodes, tensors = [], []
    for each in graph.nodes:
        operation, name, inputs = each.operation, each.name, list(each.inputs)
        if isinstance(operation, Dense):
            nodes.append(helper.make_node("Flatten", inputs, [f"{name}/flat"]))
            inputs = [f"{name}/flat"]
        operator, arrays, attributes = _layer(operation) or _other(operation)
        for number, array in enumerate(arrays):
            tensors.append(numpy_helper.from_array(array, f"{name}/{number}"))
            inputs.append(f"{name}/{number}")
        nodes.append(helper.make_node(operator, inputs, [name], name=name, **attributes))
    frames = helper.make_tensor_value_info("input", TensorProto.FLOAT, ["n", *graph.input_shape])
    last = helper.make_tensor_value_info(graph.output, TensorProto.FLOAT, None)
    made = helper.make_graph(nodes, graph.name, [frames], [last], tensors)
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)


def _layer(operation):
    """ONNX operator, constant inputs and attributes of a layer with weights or windows."""
    match operation:
        case Convolution():
            window = {"strides": operation.stride, "pads": operation.padding, "dilations": operation.dilation}
            return "Conv", [operation.weights, operation.bias], window | {"group": operation.groups}
        case Dense():
            return "Gemm", [operation.weights, operation.bias], {}
        case MaxPool() | AveragePool():
            window = {"kernel_shape": operation.kernel, "strides": operation.stride, "pads": operation.padding}
            window["ceil_mode"] = int(operation.ceil)
            if isinstance(operation, AveragePool):
                return "AveragePool", [], window | {"count_include_pad": int(operation.count_padding)}
            return "MaxPool", [], window | {"dilations": operation.dilation}
    return None


def _other(operation):
    """As _layer, for the rest."""
    match operation:
        case Activation(kind="relu"):
            return "Relu", [], {}
        case Activation(kind="leaky"):
            return "LeakyRelu", [], {"alpha": operation.slope}
        case Activation():
            return "Clip", [np.float32(operation.low), np.float32(operation.high)], {}
        case Softmax():
            return "LogSoftmax" if operation.logarithm else "Softmax", [], {"axis": 1}
    names = {Add: "Sum", Concatenate: "Concat", GlobalAveragePool: "GlobalAveragePool", Flatten: "Flatten"}
    return names[type(operation)], [], {"axis": 1} if isinstance(operation, Concatenate) else {}
