"""One hash of what a value holds: equal for values with the same content, different as soon as any field differs.

Every field of a dataclass and of a pydantic model counts, nested ones too, so that a field which is added later counts
without anybody thinking of it. A field that must not count says so itself, and why: `field(metadata=not_hashed("..."))`
in a dataclass, `Annotated[..., NotHashed("...")]` in a model. Nothing depends on Python's version or process: every
value is written as its kind, its length and its bytes, arrays with dtype and shape, floats as their 64 bits.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from fractions import Fraction
from typing import Any, Final, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

_NOT_HASHED: Final = "not hashed"


@dataclass(frozen=True)
class NotHashed:
    """Marks a field of a pydantic model that does not count, and says why."""

    reason: str


@runtime_checkable
class HashedBesides(Protocol):
    """What holds more than its fields do, such as frames that are read when they are asked for."""

    def hashed_besides(self) -> object:
        """The rest of the content, as a value that can be hashed."""


class _Digest(Protocol):
    def update(self, data: Any, /) -> None: ...  # noqa: ANN401 - anything with a buffer


def not_hashed(reason: str) -> dict[str, str]:
    """Metadata of a dataclass's field that does not count, and why."""
    return {_NOT_HASHED: reason}


def content_sha256(value: object) -> str:
    """SHA-256, in hexadecimal, of a value made of None, bool, int, float, Fraction, str, bytes, arrays, sequences,
    mappings with keys of text, dataclasses and pydantic models.

    Arrays may have any shape and any dtype without Python objects; their byte order does not count. Raises TypeError,
    naming the type, for anything else.
    """
    digest = hashlib.sha256()
    _add(digest, value)
    return digest.hexdigest()


def hashed_fields(kind: type[Any]) -> tuple[str, ...]:
    """Names of the fields of a dataclass or pydantic model that count."""
    return tuple(name for name, reason in _fields(kind) if reason is None)


def unhashed_fields(kind: type[Any]) -> dict[str, str]:
    """Fields of a dataclass or pydantic model that do not count, each with its reason."""
    return {name: reason for name, reason in _fields(kind) if reason is not None}


def _fields(kind: type[Any]) -> Iterator[tuple[str, str | None]]:
    if issubclass(kind, BaseModel):
        for name, info in kind.model_fields.items():
            yield name, next((mark.reason for mark in info.metadata if isinstance(mark, NotHashed)), None)
        return
    for each in fields(kind):
        yield each.name, each.metadata.get(_NOT_HASHED)


def _add(digest: _Digest, value: object) -> None:
    plain = _plain(value)
    if plain is not None:
        _add_bytes(digest, *plain)
    elif isinstance(value, np.ndarray):
        _add_array(digest, value)
    elif isinstance(value, Mapping):
        _add_named(digest, "mapping", {key: value[key] for key in sorted(value, key=_text)})
    elif isinstance(value, tuple | list):
        _add_length(digest, b"sequence", len(value))
        for each in value:
            _add(digest, each)
    else:
        _add_record(digest, value)


def _plain(value: object) -> tuple[bytes, bytes] | None:
    """Kind and bytes of a value without parts. NumPy's numbers are those of Python; a bool is no int."""
    match value:
        case None | bool() | np.bool_():
            return b"constant", str(value).encode()
        case int() | np.integer() | Fraction():
            return b"fraction" if isinstance(value, Fraction) else b"int", str(value).encode()
        case float():
            return b"float", struct.pack("<d", value)
        case str():
            return b"text", value.encode("utf-8", "surrogatepass")
        case bytes():
            return b"bytes", value
    return None


def _add_record(digest: _Digest, value: object) -> None:
    """The type's name, and every field that counts with its name."""
    kind = type(value)
    if not (is_dataclass(value) or isinstance(value, BaseModel)):
        raise TypeError(f"a {kind.__name__} cannot be hashed by its content: give it fields, or leave it out by name")
    named = {name: getattr(value, name) for name in hashed_fields(kind)}
    if isinstance(value, HashedBesides):
        named["besides"] = value.hashed_besides()
    _add_named(digest, kind.__qualname__, named)


def _add_named(digest: _Digest, kind: str, named: Mapping[str, object]) -> None:
    _add_bytes(digest, b"record", kind.encode())
    _add_length(digest, b"fields", len(named))
    for name, each in named.items():
        _add_bytes(digest, b"name", name.encode())
        _add(digest, each)


def _add_array(digest: _Digest, array: NDArray[Any]) -> None:
    if array.dtype.hasobject:
        raise TypeError(f"an array of {array.dtype} cannot be hashed by its content")
    little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
    _add_bytes(digest, b"array", little.dtype.str.encode())
    _add(digest, array.shape)
    digest.update(little.reshape(-1).view(np.uint8))  # as it lies there: weights are not copied


def _add_bytes(digest: _Digest, kind: bytes, content: bytes) -> None:
    _add_length(digest, kind, len(content))
    digest.update(content)


def _add_length(digest: _Digest, kind: bytes, length: int) -> None:
    digest.update(b"%s %d:" % (kind, length))


def _text(key: object) -> str:
    if not isinstance(key, str):
        raise TypeError(f"a mapping with the key {key!r} cannot be hashed by its content: keys are texts")
    return key
