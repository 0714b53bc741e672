"""ONNX files that are damaged, hostile, or not ONNX at all."""

import builtins
import contextlib

import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx_models import Model, check_against_onnxruntime

from workloads.content_hash import content_sha256
from workloads.errors import WorkloadError
from workloads.onnx.importing import import_onnx


def small_model(opset=17) -> Model:
    m = Model((2, 6, 6), opset=opset)
    m.dense(m.add("Flatten", m.add("Relu", m.batch_norm(m.conv("frames", 3)))), 108, 4)
    return m


def message_for(path) -> str:
    with pytest.raises(WorkloadError) as caught:
        import_onnx(path)
    assert path.name in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "has no content"),
        (b"hello, this is a text file\nand no network\n", "it is text, beginning with 'hello"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"),
        (bytes(range(256)) * 8, "damaged, truncated or of another format"),
    ],
)
def test_files_that_are_no_model(tmp_path, data, said):
    path = tmp_path / "net.onnx"
    path.write_bytes(data)
    assert said in message_for(path)


def test_missing_files_and_folders(tmp_path):
    assert "does not exist" in message_for(tmp_path / "none.onnx")
    (tmp_path / "folder.onnx").mkdir()
    assert "cannot be read" in message_for(tmp_path / "folder.onnx")


def test_every_truncation_is_refused(tmp_path):
    data = small_model().proto().SerializeToString()
    path = tmp_path / "net.onnx"
    for length in range(0, len(data), 7):
        path.write_bytes(data[:length])
        message_for(path)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=4))
def test_damaged_files_are_imported_or_refused(tmp_path, changes):
    data = bytearray(small_model().proto().SerializeToString())
    for place, byte in changes:
        data[int(place * len(data))] = byte
    path = tmp_path / "net.onnx"
    path.write_bytes(data)
    with contextlib.suppress(WorkloadError):
        import_onnx(path)


def test_a_file_too_large_for_the_format_is_not_read(tmp_path):
    path = tmp_path / "net.onnx"
    with path.open("wb") as file:
        file.truncate(3 * 2**30)
    assert "2 GiB at most" in message_for(path)


@pytest.mark.parametrize(("opset", "change"), [(6, "export it again"), (99, "update the package")])
def test_operator_sets_out_of_range(tmp_path, opset, change):
    m = small_model()
    m.opset = opset
    assert change in message_for(m.save(tmp_path / "net.onnx"))


def test_without_the_package_the_extra_is_named(tmp_path, monkeypatch):
    path = small_model().save(tmp_path / "net.onnx")
    real = builtins.__import__

    def without(name, *rest, **options):
        if name == "onnx":
            raise ImportError("No module named 'onnx'")
        return real(name, *rest, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    assert "pip install 'deltasim[onnx]'" in message_for(path)


def external(folder, location="weights.bin"):
    """A model in `folder` whose tensors lie in weights.bin; the file says they are at `location`."""
    folder.mkdir(exist_ok=True)
    path = folder / "net.onnx"
    onnx.save_model(small_model().proto(), path, save_as_external_data=True, location="weights.bin", size_threshold=0)
    if location != "weights.bin":
        model = onnx.load(path, load_external_data=False)
        for tensor in model.graph.initializer:
            for entry in tensor.external_data:
                if entry.key == "location":
                    entry.value = location
        path.write_bytes(model.SerializeToString())
    return path


def test_external_data_beside_the_model_is_read(tmp_path):
    check_against_onnxruntime(external(tmp_path / "model"))


@pytest.mark.parametrize(
    "way", ["absolute", "upwards", "through", "windows", "drive", "empty", "link", "linked folder"]
)
def test_external_data_outside_the_folder_is_never_read(tmp_path, way):
    secret = tmp_path / "secret.bin"
    secret.write_bytes(np.zeros(10_000, np.float32).tobytes())
    locations = {
        "absolute": str(secret),
        "upwards": "../secret.bin",
        "through": "sub/../../secret.bin",
        "windows": "..\\secret.bin",
        "drive": "C:\\secret.bin",
        "empty": "",
        "link": "link.bin",
        "linked folder": "out/secret.bin",
    }
    path = external(tmp_path / "model", locations[way])
    (path.parent / "link.bin").symlink_to(secret)
    (path.parent / "out").symlink_to(tmp_path)
    assert "only files inside the model's own folder are read" in message_for(path)


def test_external_data_that_is_missing_or_short(tmp_path):
    path = external(tmp_path / "model")
    data = path.parent / "weights.bin"
    data.write_bytes(data.read_bytes()[:-1000])
    assert "truncated?" in message_for(path)
    data.unlink()
    assert "keep it beside the model" in message_for(path)


def test_a_constant_of_absurd_size_is_not_made(tmp_path):
    m = Model()
    m.add("Add", "frames", m.add("ConstantOfShape", m.constant([2**20, 2**20], np.int64), name="bomb"))
    assert "node 'bomb' (ConstantOfShape): would be a constant of 1,099,511,627,776 values" in message_for(
        m.save(tmp_path / "net.onnx")
    )


def sparse_of(tensor, ranked, values=None, places=None):
    """The tensor without its zeros; `ranked`: places with an entry for each axis."""
    array = onnx.numpy_helper.to_array(tensor)
    found = np.argwhere(array) if ranked else np.flatnonzero(array)
    values = array[array != 0] if values is None else values
    places = found.astype(np.int64) if places is None else places
    return onnx.helper.make_sparse_tensor(
        onnx.numpy_helper.from_array(values, tensor.name),
        onnx.numpy_helper.from_array(places, f"{tensor.name} places"),
        list(array.shape),
    )


def pruned_model() -> onnx.ModelProto:
    model = small_model().proto()
    for tensor in model.graph.initializer:
        array = onnx.numpy_helper.to_array(tensor).copy()
        array[np.abs(array) < np.median(np.abs(array))] = 0
        tensor.CopyFrom(onnx.numpy_helper.from_array(array, tensor.name))
    return model


@pytest.mark.parametrize("ranked", [False, True])
def test_sparse_tensors_are_read(tmp_path, ranked):
    model, path = pruned_model(), tmp_path / "net.onnx"
    path.write_bytes(model.SerializeToString())
    dense = content_sha256(import_onnx(path))
    sparse = [sparse_of(tensor, ranked) for tensor in model.graph.initializer]
    constants = [
        onnx.helper.make_node("Constant", [], [tensor.name], sparse_value=each)
        for tensor, each in zip(model.graph.initializer, sparse, strict=True)
    ]
    del model.graph.initializer[:]
    for tensors, nodes in ((sparse, []), ([], constants)):
        other = onnx.ModelProto.FromString(model.SerializeToString())
        other.graph.sparse_initializer.extend(tensors)
        for node in reversed(nodes):
            other.graph.node.insert(0, node)
        path.write_bytes(other.SerializeToString())
        assert content_sha256(import_onnx(path)) == dense


@pytest.mark.parametrize(
    ("values", "places"),
    [
        (np.ones(2, np.float32), np.array([0, 10**9])),
        (np.ones(2, np.float32), np.array([0, -1])),
        (np.ones(2, np.float32), np.array([0, 1, 2])),
        (np.ones(2, np.float32), np.array([[0], [1]])),
        (np.ones(2, np.float32), np.array([0, 1], np.int32)),
        (np.ones((1, 2), np.float32), np.array([0, 1])),
    ],
)
def test_damaged_sparse_tensors_are_refused(tmp_path, values, places):
    model, path = small_model().proto(), tmp_path / "net.onnx"
    tensor = next(each for each in model.graph.initializer if len(each.dims) == 4)
    model.graph.sparse_initializer.append(sparse_of(tensor, False, values, places))
    model.graph.initializer.remove(tensor)
    path.write_bytes(model.SerializeToString())
    assert f"sparse tensor '{tensor.name}'" in message_for(path)


def test_a_sparse_tensor_larger_than_memory_is_refused(tmp_path):
    model, path = small_model().proto(), tmp_path / "net.onnx"
    tensor = next(each for each in model.graph.initializer if len(each.dims) == 4)
    sparse = sparse_of(tensor, False)
    sparse.dims[:] = [2**14] * 4
    model.graph.sparse_initializer.append(sparse)
    model.graph.initializer.remove(tensor)
    path.write_bytes(model.SerializeToString())
    assert "GiB of memory" in message_for(path)
