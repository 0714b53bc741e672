"""Functions of ONNX that integers look up in tables: the same values as another runtime, and quantised."""

from pathlib import Path

import pytest

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
from onnx_models import Model, check_against_onnxruntime

from workloads.graphs.operations import Activation


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
