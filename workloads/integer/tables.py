"""Functions that integers cannot compute as tables over them: the requantiser finds the place, the table holds s.

Places are steps of one length on a stretch of real numbers around 0, beyond which the function changes no integer any
more. There are 2**EXTRA_BITS times as many of them as integers sent, so that where s is steepest a place is still a
small part of one of its steps. Both roundings, to the place and of the entry, are the quantisation's own; what they
cost is part of the layer's signal-to-noise in the report.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from workloads.errors import WorkloadError
from workloads.graphs.activations import function_of
from workloads.graphs.operations import Activation
from workloads.integer.checks import activation_range
from workloads.integer.network import FloatArray, IntArray, Requantiser, Rounding
from workloads.integer.quantisation import Quantisation
from workloads.integer.requantising import requantiser_of
from workloads.integer.unary import Table

EXTRA_BITS = 4
_REACHES = 2.0 ** np.arange(-6, 31)  # candidates for where a stretch ends
_BEYOND = 2.0 ** np.linspace(0, 20, 161)  # how far behind it is looked whether anything changes


def table_of(
    activation: Activation, units: FloatArray, k_out: float, settings: Quantisation
) -> tuple[Table, Requantiser]:
    """round(f(x) * k_out) as a table, and the requantiser that finds the place of x; `units`: x of one accumulator.

    Raises WorkloadError if the function goes on changing, however far out.
    """
    half = 2 ** (settings.activation_bits + EXTRA_BITS - 1)
    step = _reach(activation, k_out, settings) / half
    entries = _entries(activation, np.arange(-half, half) * step, k_out, settings)
    places = requantiser_of(units / step, False, settings)
    return Table(entries), replace(places, low=-half, high=half - 1)


def _reach(activation: Activation, k_out: float, settings: Quantisation) -> float:
    """The shortest stretch, -reach .. reach, beyond whose ends every entry is the one at the end."""
    for reach in _REACHES:
        right, left = (_entries(activation, sign * reach * _BEYOND, k_out, settings) for sign in (1, -1))
        if (right == right[0]).all() and (left == left[0]).all():
            return float(reach)
    raise WorkloadError(
        f"activation {activation.kind!r} has no ends at scale {k_out:g}: its integers go on changing beyond "
        f"{_REACHES[-1]:g}, so no table holds it"
    )


def _entries(activation: Activation, values: FloatArray, k_out: float, settings: Quantisation) -> IntArray:
    function = function_of(activation)
    low, high = activation_range(settings.activation_bits, unsigned=function.unsigned(activation))
    wide = np.clip(function.value(activation, values, np) * k_out, low, high)
    rounded: IntArray = _ROUNDED[settings.rounding](wide).astype(np.int32)
    return rounded


_ROUNDED: dict[Rounding, Callable[[FloatArray], FloatArray]] = {
    "half_up": lambda wide: np.floor(wide + 0.5),
    "half_even": np.rint,
    "half_away": lambda wide: np.sign(wide) * np.floor(np.abs(wide) + 0.5),
}
