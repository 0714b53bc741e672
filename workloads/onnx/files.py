"""ONNX files that a stranger may have written: a parsed model and its tensors, or a clear refusal.

Needs the package `onnx` (extra `onnx`), imported only when a model is read. Tensors kept outside the model's file are
read from inside its folder only.
"""

from collections.abc import Iterator
from math import prod
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from workloads.errors import WorkloadError
from workloads.frames.memory import check_fits, too_large

if TYPE_CHECKING:
    from onnx import ModelProto, SparseTensorProto, TensorProto

_PROTOBUF_LIMIT = 2**31 - 1
_OLDEST_OPSET = 7
SMALLER = "use a machine with more, or a smaller network"


def read_model(path: Path) -> "ModelProto":
    """The model in the `.onnx` file at `path`, without tensors outside it, its functions written out.

    Raises WorkloadError if the package onnx is missing, the file is missing, larger than 2 GiB, or no whole ONNX model.
    """
    try:
        import onnx  # noqa: PLC0415 # an optional extra
        from google.protobuf.message import DecodeError  # type: ignore[import-untyped] # noqa: PLC0415
    except ImportError as error:
        raise WorkloadError(
            f"{path}: reading ONNX needs the package onnx ({error}); install it with: pip install 'deltasim[onnx]'"
        ) from None
    data = _file_bytes(path)
    try:
        model: ModelProto = onnx.ModelProto.FromString(data)
    except DecodeError:
        raise WorkloadError(f"{path} is no whole ONNX model: {_what_it_is(data)}. Export or copy it again") from None
    if not model.graph.node or not model.opset_import:
        lacks = "nodes" if model.opset_import else "operator set version"
        lacks = lacks if data else "content"
        raise WorkloadError(f"{path} is no whole ONNX model: it has no {lacks}. Export or copy it again")
    if not all(isinstance(name, str) for name in _names(model)):  # protobuf leaves text that is not UTF-8 as bytes
        raise WorkloadError(f"{path} is no whole ONNX model: some of its names are no text. Export or copy it again")
    _check_opset(model, onnx.defs.onnx_opset_version(), path)
    if model.functions:
        from onnx import inliner  # noqa: PLC0415

        return inliner.inline_local_functions(model)
    return model


def opset(model: "ModelProto") -> int:
    """Version of the standard operators that the model uses."""
    return max((entry.version for entry in model.opset_import if entry.domain in {"", "ai.onnx"}), default=0)


def tensor_array(tensor: "TensorProto", folder: Path) -> NDArray[Any]:
    """Values of a tensor, those outside the model's file read from inside `folder`. Raises WorkloadError."""
    import onnx  # noqa: PLC0415

    where = f"tensor {tensor.name!r}"
    try:
        if tensor.data_location != onnx.TensorProto.EXTERNAL:
            return np.asarray(onnx.numpy_helper.to_array(tensor))
        inside = onnx.TensorProto()
        inside.CopyFrom(tensor)
        del inside.external_data[:]
        inside.data_location = onnx.TensorProto.DEFAULT
        inside.raw_data = _external_bytes({entry.key: entry.value for entry in tensor.external_data}, folder, where)
        return np.asarray(onnx.numpy_helper.to_array(inside))
    except WorkloadError:
        raise
    except (ValueError, TypeError, KeyError, MemoryError) as error:
        raise WorkloadError(f"{where}, shape {list(tensor.dims)}: its data cannot be read ({error})") from None


def any_array(tensor: "TensorProto | SparseTensorProto", folder: Path) -> NDArray[Any]:
    """Values of a tensor, sparse or not; see tensor_array. Raises WorkloadError."""
    return sparse_array(tensor, folder) if hasattr(tensor, "indices") else tensor_array(tensor, folder)


def sparse_array(sparse: "SparseTensorProto", folder: Path) -> NDArray[Any]:
    """A sparse tensor with its zeros written out. Raises WorkloadError if places and values do not fit each other."""
    where = f"sparse tensor {sparse.values.name!r}"
    shape = tuple(sparse.dims)
    values, places = tensor_array(sparse.values, folder), tensor_array(sparse.indices, folder)
    if min(shape, default=0) < 0 or values.ndim != 1 or places.dtype != np.int64:
        raise WorkloadError(f"{where}, shape {list(shape)}: needs a list of values and int64 places; damaged?")
    flat = places if places.ndim == 1 else None
    if places.shape == (len(values), len(shape)) and ((places >= 0) & (places < shape)).all():
        flat = np.ravel_multi_index(tuple(places.T), shape)
    if flat is None or len(flat) != len(values) or not ((flat >= 0) & (flat < prod(shape))).all():
        raise WorkloadError(
            f"{where}, shape {list(shape)}: its places, {list(places.shape)}, are not one within that shape for each "
            f"of its {len(values)} values; damaged?"
        )
    check_fits(prod(shape) * values.itemsize, f"{where}, shape {list(shape)}: writing out its zeros", SMALLER)
    dense = np.zeros(prod(shape), values.dtype)
    dense[flat] = values
    return dense.reshape(shape)


def _file_bytes(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > _PROTOBUF_LIMIT:
            raise WorkloadError(
                f"{path} has {size:,} bytes; an ONNX file holds 2 GiB at most. Save large weights as external data"
            )
        return path.read_bytes()
    except FileNotFoundError:
        raise WorkloadError(f"{path} does not exist") from None
    except OSError as error:
        raise WorkloadError(f"{path} cannot be read ({error.strerror}); needed an ONNX file") from None
    except MemoryError:
        raise too_large(path.stat().st_size, f"{path}: reading it", "use a machine with more") from None


def _names(model: "ModelProto") -> Iterator[object]:
    """Every name in the model that something is looked up by."""
    graph = model.graph
    yield from (entry.domain for entry in model.opset_import)
    sparse = [tensor for each in graph.sparse_initializer for tensor in (each.values, each.indices)]
    yield from (each.name for each in (*graph.initializer, *sparse, *graph.input, *graph.output, graph))
    for tensor in (*graph.initializer, *sparse):
        yield from (text for entry in tensor.external_data for text in (entry.key, entry.value))
    for node in graph.node:
        yield from (node.name, node.op_type, node.domain, *node.input, *node.output)
        yield from (attribute.name for attribute in node.attribute)


def _what_it_is(data: bytes) -> str:
    start = data[:512]
    if start.startswith(b"version https://git-lfs"):
        return "it is a Git LFS pointer; fetch the file itself with git lfs pull"
    if all(byte >= 32 or byte in b"\t\r\n" for byte in start):
        return f"it is text, beginning with {start[:40].decode('utf-8', 'replace')!r}"
    return "its data is damaged, truncated or of another format"


def _check_opset(model: "ModelProto", newest: int, path: Path) -> None:
    version = opset(model)
    if not _OLDEST_OPSET <= version <= newest:
        change = "export it again for a newer one" if version < _OLDEST_OPSET else "update the package onnx"
        raise WorkloadError(f"{path} uses operator set {version}; supported: {_OLDEST_OPSET} to {newest}; {change}")


def _external_bytes(entries: dict[str, str], folder: Path, where: str) -> bytes:
    """Bytes of a tensor outside the model's file, which must lie inside the model's folder, links followed."""
    location = entries.get("location", "")
    names = (PurePosixPath(location), PureWindowsPath(location))
    path = (folder / location).resolve()
    rooted = any(name.is_absolute() or name.drive or name.root or ".." in name.parts for name in names)
    if not location or "\0" in location or rooted or not path.is_relative_to(folder.resolve()):
        raise WorkloadError(
            f"{where}: its data is said to be in {location!r}; only files inside the model's own folder are read"
        )
    if not path.is_file():
        raise WorkloadError(f"{where}: its data should be in {path}, which is no file; keep it beside the model")
    size, offset = path.stat().st_size, int(entries.get("offset", "0"))
    length = int(entries.get("length", str(size - offset)))
    if offset < 0 or length < 0 or offset + length > size:
        raise WorkloadError(
            f"{where}: needs bytes {offset} to {offset + length} of {path}, which has {size}; truncated?"
        )
    with path.open("rb") as file:
        file.seek(offset)
        return file.read(length)
