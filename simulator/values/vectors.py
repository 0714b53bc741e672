"""Vector instructions that compilers do not find in plain loops, for the inner loops of the fast engine.

Sums of products in 16 bits: numba computes small integers in 64 bits and LLVM narrows them to 32 at best; written out
as vectors they stay 16 bits wide, twice as many at a time, and stay in registers until they are added to the
accumulators. And a comparison of many integers at once, one bit for each. On machines without such instructions LLVM
takes several smaller ones.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, cast

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

LANES: Final = 32  # accumulators in a block
GROUP: Final = 16  # integers compared at once
AddBlock = Callable[[NDArray[np.int32], int, NDArray[Any], int, tuple[int, ...], tuple[int, ...]], None]

_NARROW: Final = ir.VectorType(ir.IntType(16), LANES)
_WIDE: Final = ir.VectorType(ir.IntType(32), LANES)
_INDEX: Final = ir.VectorType(ir.IntType(32), LANES)


def _block_sum(messages: int) -> AddBlock:
    """An intrinsic: accumulator[place + offset :][:LANES] += sum over i of values[i] * weights[starts[i] + offset :].

    accumulator int32, weights any integers, both one-dimensional; place, offset and starts uint64, values int16.
    Exact where the sum of |values[i]| times the largest weight is below 2**15. Nothing checks the bounds.
    """

    def typed(
        context: Any, accumulator: Any, place: Any, weights: Any, offset: Any, starts: Any, values: Any
    ) -> tuple[Any, Any]:
        signature = types.void(accumulator, place, weights, offset, starts, values)

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            accumulator, place, weights, offset, starts, values = arguments
            source = cgutils.create_struct_proxy(signature.args[2])(context, builder, value=weights).data
            target = cgutils.create_struct_proxy(signature.args[0])(context, builder, value=accumulator).data
            stored = ir.VectorType(context.get_data_type(signature.args[2].dtype), LANES)
            total = ir.Constant(_NARROW, None)
            for message in range(messages):
                begin = builder.add(builder.extract_value(starts, message), offset)
                row = builder.load(builder.bitcast(builder.gep(source, [begin]), stored.as_pointer()), align=1)
                factor = _spread(builder, builder.extract_value(values, message))
                total = builder.add(total, builder.mul(_narrowed(builder, row), factor))
            begin = builder.add(place, offset)
            there = builder.bitcast(builder.gep(target, [begin]), _WIDE.as_pointer())
            summed = builder.add(builder.load(there, align=4), builder.sext(total, _WIDE))
            builder.store(summed, there, align=4)
            return context.get_dummy_value()

        return signature, generate

    return cast("AddBlock", intrinsic(typed))


def _spread(builder: Any, value: Any) -> Any:
    """A 16-bit value in every lane."""
    nothing = ir.Constant(_NARROW, ir.Undefined)
    first = builder.insert_element(nothing, value, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(first, nothing, ir.Constant(_INDEX, [0] * LANES))


def _narrowed(builder: Any, row: Any) -> Any:
    """Weights of any width in 16 bits."""
    width = row.type.element.width
    if width == 16:
        return row
    return builder.sext(row, _NARROW) if width < 16 else builder.trunc(row, _NARROW)


add_block_of_eight = _block_sum(8)
add_block_of_four = _block_sum(4)
add_block_of_two = _block_sum(2)


def _difference(context: Any, one: Any, place: Any, other: Any, begin: Any) -> tuple[Any, Any]:
    """Bit i of the result: one[place + i] != other[begin + i]. GROUP int32 each; nothing checks the bounds."""
    signature = types.int64(one, place, other, begin)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        group = ir.VectorType(ir.IntType(32), GROUP)
        rows = []
        for number in (0, 2):
            array = cgutils.create_struct_proxy(signature.args[number])(context, builder, value=arguments[number]).data
            start = builder.bitcast(builder.gep(array, [arguments[number + 1]]), group.as_pointer())
            rows.append(builder.load(start, align=4))
        bits = builder.bitcast(builder.icmp_signed("!=", *rows), ir.IntType(GROUP))
        return builder.zext(bits, ir.IntType(64))

    return signature, generate


def _lowest(context: Any, bits: Any) -> tuple[Any, Any]:
    """The place of the lowest bit that is set; undefined for 0."""
    signature = types.int64(types.int64)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return signature, generate


difference = cast("Callable[[NDArray[np.int32], int, NDArray[np.int32], int], int]", intrinsic(_difference))
lowest = cast("Callable[[int], int]", intrinsic(_lowest))
