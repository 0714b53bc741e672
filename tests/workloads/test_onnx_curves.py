"""Functions of ONNX that integers look up in tables: the same values as another runtime, and quantised."""

from pathlib import Path

import pytest

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
from onnx_models import Model, check_against_onnxruntime

from workloads import WorkloadError
from workloads.graphs.operations import Activation
from workloads.onnx.importing import import_onnx


@pytest.mark.parametrize(
    ("operator", "kind"),
    [("Sigmoid", "sigmoid"), ("Tanh", "tanh"), ("Softplus", "softplus"), ("HardSwish", "hard_swish")],
)
def test_curves_are_read(operator: str, kind: str, tmp_path: Path) -> None:
    model = Model((2, 5, 5), opset=15)
    value = model.add(operator, model.conv("frames", 3))
    model.conv(value, 2)
    network = check_against_onnxruntime(model.save(tmp_path / "net.onnx"))
    assert [node.operation for node in network.nodes if isinstance(node.operation, Activation)] == [Activation(kind)]


@pytest.mark.parametrize("order", ["x first", "gate first"])
def test_a_value_times_its_own_sigmoid_is_silu(order: str, tmp_path: Path) -> None:
    model = Model((2, 5, 5))
    x = model.conv("frames", 3)
    gate = model.add("Sigmoid", x)
    value = model.add("Mul", *((x, gate) if order == "x first" else (gate, x)))
    model.channels[value] = 3
    model.conv(value, 2)
    network = check_against_onnxruntime(model.save(tmp_path / "net.onnx"))
    assert [type(node.operation).__name__ for node in network.nodes] == ["Convolution", "Activation", "Convolution"]
    assert network.nodes[1].operation == Activation("silu")


def test_a_value_times_another_s_sigmoid_is_refused(tmp_path: Path) -> None:
    model = Model((2, 5, 5))
    x = model.conv("frames", 3)
    value = model.add("Mul", x, model.add("Sigmoid", model.conv("frames", 3)))
    model.channels[value] = 3
    model.conv(value, 2)
    with pytest.raises(WorkloadError, match="both its inputs depend on the frame"):
        import_onnx(model.save(tmp_path / "net.onnx"))
