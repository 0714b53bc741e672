"""What an ONNX node says beyond what the importer reads is refused, not passed over."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import helper
from onnx_models import Model, check_against_onnxruntime

from workloads import WorkloadError
from workloads.onnx.importing import _RULES, import_onnx
from workloads.onnx.strict import _MEANINGLESS, _READ, _READ_BEFORE, _SECOND_OUTPUTS


def batch_norm(opset, outputs, **attributes) -> Model:
    m = Model((3, 8, 9), opset=opset)
    value = m.conv("frames", 4)
    constants = [m.constant(np.full(4, each, np.float32)) for each in (1.5, 0.25, 0.5, 2)]
    m.nodes.append(helper.make_node("BatchNormalization", [value, *constants], outputs, name="norm", **attributes))
    return m


@pytest.mark.parametrize(
    ("opset", "outputs", "attributes"),
    [*((opset, ["y", "m", "v", "sm", "sv"], {}) for opset in range(7, 14)), (9, ["y", "m", "v"], {}),
     (13, ["y", "", "", "sm", ""], {}), (14, ["y", "m", "v"], {"training_mode": 1}), (15, ["y"], {"training_mode": 1}),
     (22, ["y", "m", "v"], {})],
)  # fmt: skip
def test_batch_normalisation_in_training_is_refused(tmp_path, opset, outputs, attributes):
    path = batch_norm(opset, outputs, **attributes).save(tmp_path / "net.onnx", output="y")
    with pytest.raises(WorkloadError, match=r"node 'norm', operator BatchNormalization: it is in training mode"):
        import_onnx(path)


@pytest.mark.parametrize("opset", range(7, 23))
def test_batch_normalisation_in_use_is_onnxruntimes(tmp_path, opset):
    check_against_onnxruntime(batch_norm(opset, ["y"]).save(tmp_path / "net.onnx", output="y"))


def test_statistics_of_single_values_are_refused(tmp_path):
    with pytest.raises(WorkloadError, match="spatial is 0"):
        import_onnx(batch_norm(7, ["y"], spatial=0).save(tmp_path / "net.onnx", output="y"))


def opsets(operator: str) -> range:
    """Those that are imported and have the operator."""
    versions = [each.since_version for each in onnx.defs.get_all_schemas_with_history() if each.name == operator]
    return range(max(7, min(versions)), onnx.defs.onnx_opset_version() + 1)


def test_every_attribute_of_the_standard_is_read_or_known_to_mean_nothing():
    """Of every operator that is imported, in every operator set that is: an attribute of the standard that no rule
    names would be refused wherever it stands, and one that the standard does not have is a mistake of the table.
    """
    for operator in _RULES:
        since, before = _READ_BEFORE.get(operator, (0, ()))
        for opset in opsets(operator):
            standard = set(onnx.defs.get_schema(operator, opset).attributes)
            named = {*_READ.get(operator, ()), *_MEANINGLESS.get(operator, ()), *(before if opset < since else ())}
            assert standard <= named, (operator, opset, standard - named)
    for operator in (*_READ, *_MEANINGLESS, *_READ_BEFORE):
        named = {*_READ.get(operator, ()), *_MEANINGLESS.get(operator, ()), *_READ_BEFORE.get(operator, (0, ()))[1]}
        ever = {name for opset in opsets(operator) for name in onnx.defs.get_schema(operator, opset).attributes}
        assert named <= ever, (operator, named - ever)


def test_operators_with_more_outputs_than_one_are_named():
    several = {
        operator
        for operator in _RULES
        for opset in opsets(operator)
        if onnx.defs.get_schema(operator, opset).max_output > 1
    }
    assert several == set(_SECOND_OUTPUTS)


@pytest.mark.parametrize("operator", sorted(set(_RULES) - {"Concat"}))
def test_an_attribute_that_is_not_the_operators_is_refused(tmp_path, operator):
    m = Model((4, 6, 6), opset=17)
    m.nodes.append(helper.make_node(operator, ["frames"], ["y"], name="it", fused_activation="tanh"))
    with pytest.raises(WorkloadError, match=r"node 'it', operator \w+: it has attribute fused_activation = 'tanh'"):
        import_onnx(m.save(tmp_path / "net.onnx", output="y"))


def test_bounds_that_became_inputs_are_refused_as_attributes(tmp_path):
    m = Model((4, 6, 6), opset=13)
    m.add("Clip", "frames", name="it", max=6.0)
    with pytest.raises(WorkloadError, match=r"it has attribute max = 6\.0, which is not read at opset 13"):
        import_onnx(m.save(tmp_path / "net.onnx"))


def test_a_second_output_that_nothing_reads_is_left_out_and_one_that_is_read_is_refused(tmp_path):
    m = Model((4, 6, 6), opset=12)
    m.nodes.append(
        helper.make_node("MaxPool", ["frames"], ["y", "places"], name="pool", kernel_shape=[2, 2], storage_order=1)
    )
    check_against_onnxruntime(m.save(tmp_path / "net.onnx", output="y"))
    m.nodes.append(helper.make_node("Cast", ["places"], ["z"], name="cast", to=1))
    with pytest.raises(WorkloadError, match="it reads 'places'"):
        import_onnx(m.save(tmp_path / "other.onnx", output="z"))


def test_outputs_that_an_operator_does_not_have_are_refused(tmp_path):
    m = Model((4, 6, 6), opset=17)
    m.nodes.append(helper.make_node("Relu", ["frames"], ["y", "z"], name="it"))
    with pytest.raises(WorkloadError, match="it gives 2 values"):
        import_onnx(m.save(tmp_path / "net.onnx", output="y"))


def test_a_bias_per_frame_is_refused(tmp_path):
    m = Model((4, 1, 1), opset=17, batch=5)
    flat = m.add("Flatten", "frames")
    m.add("Gemm", flat, m.normal(4, 5), m.normal(5, 1), name="it")
    with pytest.raises(WorkloadError, match=r"its bias has shape \(5, 1\)"):
        import_onnx(m.save(tmp_path / "net.onnx"))
