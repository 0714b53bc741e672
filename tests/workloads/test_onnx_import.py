"""What the ONNX importer folds, and what it refuses and how."""

import numpy as np
import pytest
from onnx import TensorProto, helper
from onnx_models import Model, check_against_onnxruntime

from workloads.errors import WorkloadError
from workloads.graphs.graph import Activation, Convolution, Dense, Flatten, GlobalAveragePool, MaxPool, Softmax
from workloads.onnx.importing import import_onnx


def kinds(graph) -> list:
    return [type(node.operation) for node in graph.nodes]


def refused(model, path, **options) -> str:
    with pytest.raises(WorkloadError) as caught:
        import_onnx(model.save(path / "net.onnx"), **options)
    message = str(caught.value)
    assert "net.onnx" in message
    return message


@pytest.mark.parametrize("way", ["SAME_UPPER", "SAME_LOWER", "VALID"])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("side", [7, 8])
def test_automatic_padding(tmp_path, way, stride, side):
    m = Model((2, side + 9, side + 2), opset=13)
    x = m.conv("frames", 3, 3, auto_pad=way, strides=[stride, 1])
    x = m.conv(x, 3, 2, auto_pad=way)
    x = m.add("MaxPool", x, auto_pad=way, kernel_shape=[3, 3], strides=[1, stride])
    m.add("AveragePool", x, auto_pad=way, kernel_shape=[2, 2], strides=[1, 1])
    check_against_onnxruntime(m.save(tmp_path / "net.onnx"))


@pytest.mark.parametrize("opset", [7, 11, 13, 18])
def test_zeros_become_the_padding_of_a_convolution(tmp_path, opset):
    m = Model(opset=opset)
    pads = [0, 0, 1, 2, 0, 0, 0, 3]
    given = [] if opset < 11 else [m.constant(pads, np.int64)]
    padded = m.add("Pad", "frames", *given, **({"pads": pads} if opset < 11 else {}))
    m.conv(padded, 4)
    graph = check_against_onnxruntime(m.save(tmp_path / "net.onnx"))
    assert kinds(graph) == [Convolution]
    assert graph.nodes[0].operation.padding == (2, 3, 1, 4)


def test_zeros_with_axes_become_padding(tmp_path):
    m = Model(opset=18)
    arguments = (m.constant([1, 2], np.int64), m.constant(0, np.float32), m.constant([-1], np.int64))
    m.conv(m.add("Pad", "frames", *arguments), 4)
    graph = check_against_onnxruntime(m.save(tmp_path / "net.onnx"))
    assert graph.nodes[0].operation.padding == (1, 2, 1, 3)


@pytest.mark.parametrize("after", ["relu", "nothing"])
@pytest.mark.parametrize("ceil", [0, 1])
def test_zeros_before_pools(tmp_path, after, ceil):
    m = Model(opset=13)
    x = m.add("Relu", "frames") if after == "relu" else "frames"
    x = m.add("Pad", x, m.constant([0, 0, 1, 1, 0, 0, 1, 1], np.int64))
    x = m.add("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], ceil_mode=ceil)
    x = m.add("Pad", x, m.constant([0, 0, 1, 0, 0, 0, 1, 0], np.int64))
    m.add("AveragePool", x, kernel_shape=[3, 2], strides=[1, 1], ceil_mode=ceil)
    graph = check_against_onnxruntime(m.save(tmp_path / "net.onnx"))
    assert (Convolution in kinds(graph)) == (after == "nothing" or ceil == 1)


def test_arithmetic_with_constants_is_folded(tmp_path):
    m = Model(opset=13)
    x = m.add("Sub", "frames", m.constant(np.array([0.4, 0.5, 0.6], np.float32)[:, None, None]))
    x = m.add("Div", x, m.constant(np.array([0.2, 0.3, 0.4], np.float32)[None, :, None, None]))
    x = m.conv(x, 4)
    x = m.add("Sub", m.constant(2, np.float32), m.add("Mul", x, m.constant([[[3]]], np.float32)))
    x = m.add("Add", m.normal(4, 1, 1), x)
    x = m.add("Squeeze", m.add("GlobalAveragePool", x), m.constant([2, 3], np.int64))
    x = m.add("Relu", m.add("Add", m.add("MatMul", x, m.normal(4, 6)), m.normal(6)))
    m.channels[x] = 6
    m.dense(m.batch_norm(x), 6, 3)
    graph = check_against_onnxruntime(m.save(tmp_path / "net.onnx"))
    assert kinds(graph) == [Convolution, Convolution, GlobalAveragePool, Dense, Activation, Dense]


def test_a_scale_of_a_vector_read_by_others_is_a_diagonal_layer(tmp_path):
    m = Model((4, 3, 3), opset=13)
    x = m.add("Flatten", m.add("GlobalAveragePool", "frames"))
    m.channels[x] = 4
    m.add("Relu", m.batch_norm(x))
    graph = check_against_onnxruntime(m.save(tmp_path / "net.onnx"))
    assert kinds(graph) == [GlobalAveragePool, Dense, Activation]


def test_a_convolution_that_others_read_keeps_its_values(tmp_path):
    m = Model(opset=13)
    x = m.conv("frames", 4)
    m.add("Add", x, m.batch_norm(x))
    assert kinds(check_against_onnxruntime(m.save(tmp_path / "net.onnx")))[:2] == [Convolution, Convolution]


def test_gemm_with_all_its_attributes(tmp_path):
    m = Model((2, 3, 3), opset=9)
    x = m.add("Flatten", "frames")
    x = m.add("Gemm", x, m.normal(18, 5), m.normal(1, 5), alpha=0.5, beta=2.0)
    m.add("Gemm", x, m.normal(4, 5), m.constant(0.25, np.float32), transB=1)
    check_against_onnxruntime(m.save(tmp_path / "net.onnx"))


def test_clip_before_opset_11_and_open_ends(tmp_path):
    m = Model(opset=7)
    x = m.add("Clip", m.add("Clip", m.conv("frames", 4), min=-1.0), max=0.5)
    m.add("LeakyRelu", m.add("Clip", m.add("Clip", x, min=0.0)), alpha=0.3)
    graph = check_against_onnxruntime(m.save(tmp_path / "net.onnx"))
    assert [node.operation.kind for node in graph.nodes[1:]] == ["clip", "clip", "relu", "leaky"]


@pytest.mark.parametrize("opset", [11, 13])
def test_flatten_after_softmax_goes_before_it(tmp_path, opset):
    m = Model(opset=opset)
    x = m.add("Softmax", m.add("GlobalAveragePool", m.conv("frames", 5)), axis=1)
    m.add("Reshape", x, m.constant([-1, 5], np.int64))
    assert kinds(check_against_onnxruntime(m.save(tmp_path / "net.onnx")))[-2:] == [Flatten, Softmax]


def test_whole_map_pools_identities_and_shared_names(tmp_path):
    m = Model(opset=13, batch=2)
    x = m.add("Cast", m.add("Identity", m.conv("frames", 4), name="input"), to=TensorProto.FLOAT)
    x = m.add("Add", m.add("Relu", x, name="same"), m.add("LeakyRelu", x, name="other"))
    m.add("Reshape", m.add("GlobalMaxPool", x), m.constant([2, 4], np.int64))
    graph = check_against_onnxruntime(m.save(tmp_path / "net.onnx"))
    assert MaxPool in kinds(graph)
    m.nodes[4].name = m.nodes[3].name  # onnxruntime refuses two nodes of one name, the format does not
    graph = import_onnx(m.save(tmp_path / "net.onnx"))
    assert {"same", "same_2"} < set(graph.by_name)


def test_ends_where_told_and_needs_nothing_after_it(tmp_path):
    m = Model(opset=13)
    x = m.add("Relu", m.conv("frames", 4), name="features")
    m.add("Sigmoid", x)
    path = m.save(tmp_path / "net.onnx")
    assert import_onnx(path, output="features").output == "features"
    assert import_onnx(path, output=x).shapes["features"] == (4, 16, 16)
    with pytest.raises(WorkloadError, match="Did you mean 'features'"):
        import_onnx(path, output="feature")


def test_open_height_and_width_are_given(tmp_path):
    m = Model(("c", "h", "w"), opset=13)
    m.channels["frames"] = 3
    m.conv("frames", 4)
    assert "input_shape=(C, H, W)" in refused(m, tmp_path)
    assert import_onnx(tmp_path / "net.onnx", input_shape=(3, 9, 8)).shapes["conv0"] == (4, 9, 8)
    assert "takes 3 channels" in refused(m, tmp_path, input_shape=(1, 9, 8))


def test_functions_are_written_out(tmp_path):
    m = Model(opset=17)
    m.conv("frames", 4)
    proto = m.proto()
    body = [helper.make_node("Relu", ["x"], ["y"])]
    proto.functions.append(helper.make_function("own", "Act", ["x"], ["y"], body, [helper.make_opsetid("", 17)]))
    proto.opset_import.append(helper.make_opsetid("own", 1))
    proto.graph.node.append(helper.make_node("Act", ["v0"], ["end"], domain="own", name="act"))
    proto.graph.output[0].name = "end"
    (tmp_path / "net.onnx").write_bytes(proto.SerializeToString())
    assert kinds(check_against_onnxruntime(tmp_path / "net.onnx")) == [Convolution, Activation]


def _refusals() -> dict:
    def of(operator, *constants, shape=(3, 16, 16), opset=17, flat=False, twice=False, **attributes):
        m = Model(shape, opset=opset)
        x = m.add("Flatten", "frames") if flat else "frames"
        m.add(operator, x, *([x] if twice else []), *map(m.constant, constants), name="culprit", **attributes)
        return m

    f, i = np.float32, np.int64
    return {
        "Erf": (of("Erf"), "not supported. Supported: Add, "),
        "Mul": (of("Mul", twice=True), "both its inputs depend on the frame"),
        "Conv": (of("Conv", np.zeros((2, 3, 3), f), shape=(3, 16, 1)), "1-D convolution"),
        "MaxPool": (of("MaxPool", kernel_shape=[3]), "kernel_shape is [3]"),
        "AveragePool": (of("AveragePool", opset=19, kernel_shape=[2, 2], dilations=[2, 1]), "without dilation"),
        "Concat": (of("Concat", twice=True, axis=2), "axis is 2. Supported: axis 1"),
        "Flatten": (of("Flatten", axis=2), "axis 1, which keeps frames apart"),
        "Reshape": (of("Reshape", np.array([3, -1], i)), "(batch, N), which keeps frames apart"),
        "Pad": (of("Pad", np.ones(8, i)), "height and width of a map"),
        "ReduceMean": (of("ReduceMean", axes=[1]), "axes 2 and 3"),
        "Softmax": (of("Softmax"), "runs over axis 3 of (batch, 3, 16, 16)"),
        "Gemm": (of("Gemm", np.ones((768, 2), f), flat=True, transA=1), "transA"),
        "MatMul": (of("MatMul", np.ones((16, 2), f)), "put a Flatten before it"),
        "Transpose": (of("Transpose", perm=[0, 1, 3, 2]), "Supported: [0, 2, 3, 1] there"),
        "Add": (of("Add", np.ones((16, 16), f)), "one per channel: (3, 1, 1)"),
        "Div": (of("Div", np.zeros(1, f)), "divides by 0"),
        "Clip": (of("Clip", f(2), f(1)), "min not above max"),
        "Cast": (of("Cast", to=TensorProto.INT8), "casts"),
        "BatchNormalization": (
            of("BatchNormalization", *[np.ones(3, f)] * 3, np.array([1, -1, 1], f)),
            "not above 0",
        ),
        "LRN": (of("LRN", size=5), "not supported"),
    }


@pytest.mark.parametrize("operator", _refusals())
def test_refusals_name_node_operator_reason_and_what_is_supported(tmp_path, operator):
    model, reason = _refusals()[operator]
    message = refused(model, tmp_path)
    assert f"node 'culprit', operator {operator}: " in message
    assert reason in message


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_weight_that_is_not_finite_is_named(tmp_path, value):
    m = Model()
    weights = np.zeros((2, 3, 3, 3), np.float32)
    weights[1, 2, 0, 1] = value
    m.add("Conv", "frames", m.constant(weights), name="bad")
    message = refused(m, tmp_path)
    assert "node 'bad', operator Conv" in message
    assert f"{value} at (1, 2, 0, 1)" in message


def test_weights_beyond_float32_after_folding_are_named(tmp_path):
    m = Model()
    x = m.add("Conv", "frames", m.constant(np.full((2, 3, 1, 1), 1e30, np.float32)), name="large")
    m.add("Mul", x, m.constant(np.float32(1e30)))
    message = refused(m, tmp_path)
    assert "node 'large'" in message
    assert "beyond float32" in message


def test_quantised_weights_second_outputs_and_foreign_operators_are_refused(tmp_path):
    m = Model()
    m.add(
        "Conv",
        "frames",
        m.add("DequantizeLinear", m.constant(np.ones((1, 3, 1, 1), np.int8)), m.constant(np.float32(1))),
    )
    assert "DequantizeLinear" in refused(m, tmp_path)
    m = Model()
    m.add("MaxPool", "frames", kernel_shape=[2, 2])
    m.nodes[0].output.append("places")
    m.add("Cast", "places", to=TensorProto.FLOAT)
    assert "second outputs" in refused(m, tmp_path)
    m = Model()
    m.add("Swish", "frames", domain="com.example")
    assert "operator set 'com.example'" in refused(m, tmp_path)


def test_models_with_other_inputs_or_outputs_are_refused(tmp_path):
    m = Model()
    m.add("Relu", "frames")
    proto = m.proto()
    proto.graph.output.append(helper.make_tensor_value_info("frames", TensorProto.FLOAT, None))
    (tmp_path / "two.onnx").write_bytes(proto.SerializeToString())
    with pytest.raises(WorkloadError, match=r"2 outputs \(v0, frames\); choose one: --output v0"):
        import_onnx(tmp_path / "two.onnx")
    proto.graph.input.append(helper.make_tensor_value_info("mask", TensorProto.FLOAT, [1]))
    (tmp_path / "two.onnx").write_bytes(proto.SerializeToString())
    with pytest.raises(WorkloadError, match=r"2 inputs \(frames, mask\)"):
        import_onnx(tmp_path / "two.onnx")


def test_maps_with_channels_last_go_through_few_operators(tmp_path):
    m = Model()
    x = m.add("Transpose", "frames", perm=[0, 2, 3, 1])
    m.add("MaxPool", x, kernel_shape=[2, 2])
    assert "reads a map with channels last. Supported: Cast, Clip" in refused(m, tmp_path)
    m = Model()
    m.add("Flatten", m.add("Transpose", "frames", perm=[0, 2, 3, 1]), name="end")
    assert "node 'end', the output, is a map as a vector with channels last" in refused(m, tmp_path)
    m.add("Relu", "v1")
    assert "fully connected layers only" in refused(m, tmp_path)
    m = Model()
    x = m.add("Transpose", m.add("GlobalAveragePool", "frames"), perm=[0, 2, 3, 1])
    m.add("Relu", m.add("Reshape", x, m.constant([-1, 3], np.int64)))
    check_against_onnxruntime(m.save(tmp_path / "net.onnx"))


def test_the_shape_of_frames_may_be_changed(tmp_path):
    m = Model((3, 16, 16))
    m.conv("frames", 4)
    assert import_onnx(m.save(tmp_path / "net.onnx"), input_shape=(3, 20, 12)).shapes["conv0"] == (4, 20, 12)
