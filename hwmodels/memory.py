"""Energy of an SRAM access by the capacity of the memory.

Between cited points the energy follows a power law, that is a straight line in log-log axes through the two points
around it. Horowitz (ISSCC 2014, Fig. 1.1.9: 10, 20 and 100 pJ for a 64-bit word of 8 KB, 32 KB and 1 MB at 45 nm) gives
the points of `horowitz-45nm`; their slopes, 0.5 and 0.46, are near the square root of the capacity, the length of the
wires. A word wider or narrower than the cited one costs proportionally: half the bits, half the energy.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from typing import Literal, TypeAlias

from hwmodels.schema.parts import Core, Sram, SramPoint
from hwmodels.schema.units import CAPACITY, Quantity, UnitError, in_unit

Memory: TypeAlias = Literal["weight", "state"]
Action: TypeAlias = Literal["read", "write"]

# Decimal, not float: its logarithms are correctly rounded and so the same on every machine.
_CONTEXT = Context(prec=40, rounding=ROUND_HALF_EVEN)


def sram_energy_aj(sram: Sram, capacity_bits: int, word_bits: int) -> int:
    """Return the energy of one access to a word of `word_bits` in an SRAM of `capacity_bits`, in aJ, rounded once.

    Exact at the cited points. Raise UnitError outside their range unless `sram.beyond_points` is `extrapolate`.
    """
    smallest, largest = sram.points[0].capacity.value, sram.points[-1].capacity.value
    if not smallest <= capacity_bits <= largest and sram.beyond_points == "refuse":
        raise UnitError(_outside(sram, capacity_bits))
    scale = Fraction(word_bits, sram.word_bits)
    for point in sram.points:
        if point.capacity.value == capacity_bits:
            return round(point.energy_pj.value * scale)
    low, high = _segment(sram.points, capacity_bits)
    return _on_power_law(low, high, capacity_bits, scale)


def access_energy_aj(sram: Sram | None, core: Core, memory: Memory, action: Action) -> int:
    """Return the energy of one access to a word of a core's weight or state memory, in aJ.

    Raise UnitError if it depends on the capacity and there is no capacity, no points, or it is outside their range.
    """
    part = core.weight_memory if memory == "weight" else core.state_memory
    energy = core.state_memory.write_energy_pj if action == "write" else part.read_energy_pj
    if isinstance(energy, Quantity):
        return energy.value
    if sram is None:
        raise UnitError("'by_capacity' needs the cited points of 'memories.sram', and there are none")
    if part.capacity == "unlimited":
        raise UnitError("'by_capacity' needs a capacity: it is 'unlimited'")
    return sram_energy_aj(sram, part.capacity.value, part.word_bits)


def _segment(points: tuple[SramPoint, ...], capacity_bits: int) -> tuple[SramPoint, SramPoint]:
    """Return the two neighbouring points around a capacity; beyond the ends, the two at that end."""
    upper = 1
    while upper < len(points) - 1 and points[upper].capacity.value < capacity_bits:
        upper += 1
    return points[upper - 1], points[upper]


def _on_power_law(low: SramPoint, high: SramPoint, capacity_bits: int, scale: Fraction) -> int:
    """Return E_low (C / C_low)^a with a = ln(E_high / E_low) / ln(C_high / C_low), times `scale`, as an integer."""
    context = _CONTEXT

    def log_ratio(above: int, below: int) -> Decimal:
        return context.ln(context.divide(Decimal(above), Decimal(below)))

    rise = log_ratio(high.energy_pj.value, low.energy_pj.value)
    run = log_ratio(high.capacity.value, low.capacity.value)
    along = log_ratio(capacity_bits, low.capacity.value)
    factor = context.exp(context.divide(context.multiply(rise, along), run))
    energy = context.multiply(Decimal(low.energy_pj.value), factor)
    energy = context.divide(context.multiply(energy, Decimal(scale.numerator)), Decimal(scale.denominator))
    return int(energy.to_integral_value(ROUND_HALF_EVEN))


def _outside(sram: Sram, capacity_bits: int) -> str:
    first, last = sram.points[0].capacity, sram.points[-1].capacity
    capacity = in_unit(Fraction(capacity_bits), CAPACITY, "KiB")
    return (
        f"'by_capacity' of {capacity} is outside the cited points ({first} to {last}): change the capacity, "
        "give a number, or set memories.sram.beyond_points to 'extrapolate'"
    )
