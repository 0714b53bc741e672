"""Many arrays as one argument of compiled code: a pointer to a block of words that says where each of them lies.

A named tuple of arrays is passed to compiled code array by array, seven words each, at every call; with forty arrays
that is most of what the compiler has to work through. A bundle is one word. Arrays have to be C-contiguous and stay
where they are: what changes is what they hold.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np
from llvmlite import ir
from numba import typeof, types
from numba.core import cgutils
from numba.core.datamodel import models
from numba.core.typing.templates import AttributeTemplate
from numba.extending import NativeValue, infer_getattr, lower_getattr_generic, register_model, unbox
from numba.np.arrayobj import make_array, populate_array

T = TypeVar("T", bound=NamedTuple)
WORD = ir.IntType(64)


class BundleType(types.Type):  # type: ignore[misc] # numba has no types
    """The compiled type of a bundle: names and types of its fields, and at which word each begins."""

    def __init__(self, name: str, fields: Iterable[tuple[str, Any]]) -> None:
        self.fields = dict(fields)
        self.begin: dict[str, int] = {}
        words = 0
        for field, kind in self.fields.items():
            self.begin[field] = words
            words += 1 + getattr(kind, "ndim", 0)
        described = ", ".join(f"{field}: {kind}" for field, kind in self.fields.items())
        super().__init__(name=f"{name}({described})")


class Bundle:
    """A named tuple of arrays and numbers as compiled code takes it; its fields read as the tuple's own.

    Raises ValueError for an array that is not C-contiguous.
    """

    def __init__(self, arrays: NamedTuple) -> None:
        self.arrays = arrays
        fields = arrays._asdict()
        self._numba_type_ = BundleType(type(arrays).__name__, ((name, typeof(each)) for name, each in fields.items()))
        words = [word for name, each in fields.items() for word in _words(name, each)]
        self.block = np.array(words, np.int64)
        self.address = self.block.ctypes.data

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - an array or a number
        if name == "arrays":  # not made yet: a copy is being put together
            raise AttributeError(name)
        return getattr(self.arrays, name)


def bundle(arrays: T) -> T:
    """`arrays` as a bundle, which reads like the tuple; the bundle keeps them alive."""
    return cast("T", Bundle(arrays))


def _words(name: str, value: Any) -> list[int]:  # noqa: ANN401 - an array or a number
    if not isinstance(value, np.ndarray):
        return [int(value)]
    if not value.flags.c_contiguous:
        raise ValueError(f"array {name} is not C-contiguous")
    return [value.ctypes.data, *value.shape]


register_model(BundleType)(models.OpaqueModel)


@unbox(BundleType)  # type: ignore[untyped-decorator]
def _unbox(_kind: BundleType, value: Any, c: Any) -> Any:  # noqa: ANN401 - values of the compiler's
    number = c.pyapi.object_getattr_string(value, "address")
    address = c.pyapi.long_as_ulonglong(number)
    c.pyapi.decref(number)
    return NativeValue(c.builder.inttoptr(address, cgutils.voidptr_t))


@infer_getattr
class _Fields(AttributeTemplate):  # type: ignore[misc]
    key = BundleType

    def generic_resolve(self, kind: BundleType, name: str) -> Any:  # noqa: ANN401 - a type of numba's
        return kind.fields.get(name)


@lower_getattr_generic(BundleType)  # type: ignore[untyped-decorator]
def _field(context: Any, builder: Any, kind: BundleType, value: Any, name: str) -> Any:  # noqa: ANN401 - the compiler's
    block = builder.bitcast(value, WORD.as_pointer())
    field, begin = kind.fields[name], kind.begin[name]
    first = _word(builder, block, begin)
    if not isinstance(field, types.Array):
        return context.cast(builder, first, types.int64, field)
    shape = [_word(builder, block, begin + 1 + axis) for axis in range(field.ndim)]
    return _array(context, builder, field, first, shape)


def _word(builder: Any, block: Any, place: int) -> Any:  # noqa: ANN401 - the compiler's
    """A word of the block, which never changes: so it need not be read again after anything is written."""
    word = builder.load(builder.gep(block, [ir.Constant(WORD, place)]))
    word.set_metadata("invariant.load", builder.module.add_metadata([]))
    return word


def _array(context: Any, builder: Any, field: Any, address: Any, shape: list[Any]) -> Any:  # noqa: ANN401 - the compiler's
    array = make_array(field)(context, builder)
    size = context.get_abi_sizeof(context.get_data_type(field.dtype))
    strides = [ir.Constant(WORD, size)]
    for length in reversed(shape[1:]):
        strides.insert(0, builder.mul(strides[0], length))
    populate_array(
        array,
        data=builder.inttoptr(address, context.get_data_type(field.dtype).as_pointer()),
        shape=shape,
        strides=strides,
        itemsize=ir.Constant(WORD, size),
        meminfo=None,
    )
    return array._getvalue()
