"""How the paper and its code count operations, each convention by name, and what those operations cost.

O'Connor & Welling, "Sigma-Delta Quantized Networks" (ICLR 2017, arXiv 1611.02024), Appendix B, Eqs. 22-25, and the
counters of the published code (github.com/petered/sigma-delta, mlp/forward_pass.py), which differ from the equations.

`sizes` are the layer widths d_0..d_L, such as (784, 200, 200, 10). `nnz` and `l1` are integer arrays (frames, L): for
each frame and each layer l = 0..L-1 that sends, how many of its values are not zero, and the sum of their magnitudes.
All counts are exact integers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from hwmodels.modes import ALL_VALUES, CHANGES, NONZERO_VALUES, SendingRule

Int64Array = NDArray[np.int64]
IntegerArray = NDArray[np.integer[Any]]

# The paper's energies, section 3.3 (45 nm, after Horowitz, ISSCC 2014), in aJ.
INT32_ADD_AJ: Final = 100_000
INT32_MULTIPLY_AJ: Final = 3_100_000
FLOAT32_ADD_AJ: Final = 900_000
FLOAT32_MULTIPLY_AJ: Final = 3_700_000


def macs(sizes: Sequence[int]) -> int:
    """Return the multiply-accumulates of one dense pass, sum of d_l d_{l+1}: 198,800 for 784-200-200-10."""
    return sum(inputs * outputs for inputs, outputs in pairwise(sizes))


def eq22_dense(sizes: Sequence[int]) -> int:
    """Return Eq. 22, operations of one dense pass with the bias: 2 sum d_l d_{l+1}, 397,600 for 784-200-200-10."""
    return 2 * macs(sizes)


def code_dense(sizes: Sequence[int]) -> int:
    """Return the code's count of one dense pass, without the bias: 397,190 for 784-200-200-10."""
    return sum(inputs * outputs + (inputs - 1) * outputs for inputs, outputs in pairwise(sizes))


def eq23_sparse(sizes: Sequence[int], nnz: IntegerArray) -> Int64Array:
    """Return Eq. 23 per frame, (frames,): zero activations are skipped, 2 sum nnz(a_l) d_{l+1}."""
    return 2 * _weighted(sizes, nnz)


def code_sparse(sizes: Sequence[int], nnz: IntegerArray) -> int:
    """Return the code's sparse count over all frames: Eq. 23 less d_{l+1} per layer, once for the whole data set."""
    return int(eq23_sparse(sizes, nnz).sum()) - sum(sizes[1:])


def eq24_rounding(sizes: Sequence[int], l1: IntegerArray) -> Int64Array:
    """Return Eq. 24 per frame, (frames,): additions of the rounding network, sum (|s_l|_L1 d_{l+1} + d_{l+1})."""
    return _weighted(sizes, l1) + sum(sizes[1:])


def eq25_sigma_delta(sizes: Sequence[int], l1: IntegerArray) -> Int64Array:
    """Return Eq. 25 per frame, (frames,): additions of the sigma-delta network, sum |s_l|_L1 d_{l+1}."""
    return _weighted(sizes, l1)


def code_adds(sizes: Sequence[int], l1: IntegerArray) -> Int64Array:
    """Return the code's "adds" per frame, (frames,), for both the rounding and the sigma-delta network: no bias."""
    return _weighted(sizes, l1)


def code_multiplyadds(sizes: Sequence[int], nnz: IntegerArray) -> Int64Array:
    """Return the code's "multiplyadds" per frame, (frames,): one multiply and one add per value sent and synapse."""
    return 2 * _weighted(sizes, nnz)


def vendor_synops(
    events: float, outputs: int, kernel: tuple[int, int] = (1, 1), stride: tuple[int, int] = (1, 1)
) -> float:
    """Return the synaptic operations that the tutorials of Intel's lava-dl give a layer for the events it receives.

    `events` times `outputs` (channels of a convolution, neurons of a dense layer) times the part of the kernel that an
    event meets inside an endless map: k_h k_w / (s_h s_w). Borders and padding are ignored, so it is not the number of
    synapses of a real map. With every neuron an event it is their dense count, "MACs".
    """
    return events * outputs * kernel[0] * kernel[1] / (stride[0] * stride[1])


def dense_int32_aj(operations: int) -> int:
    """Return the energy of n operations, half of them multiplies: n/2 (3.1 + 0.1) pJ, in aJ (635.504 nJ of 397,190)."""
    return operations * (INT32_MULTIPLY_AJ + INT32_ADD_AJ) // 2


def dense_float32_aj(operations: int) -> int:
    """Return the same with float32 arithmetic: n/2 (3.7 + 0.9) pJ, in aJ."""
    return operations * (FLOAT32_MULTIPLY_AJ + FLOAT32_ADD_AJ) // 2


def adds_int32_aj(adds: int) -> int:
    """Return the energy of n 32-bit integer additions, 0.1 pJ each, in aJ."""
    return adds * INT32_ADD_AJ


def adds_float32_aj(adds: int) -> int:
    """Return the energy of n 32-bit float additions, 0.9 pJ each, in aJ."""
    return adds * FLOAT32_ADD_AJ


@dataclass(frozen=True)
class Convention:
    """A way to count: meaning, source, operations over all frames, and their energy in int32 arithmetic (aJ).

    precision, rule: of the network whose messages are counted.
    """

    meaning: str
    source: str
    operations: Callable[[Sequence[int], IntegerArray, IntegerArray], int]
    energy_aj: Callable[[int], int]
    precision: Literal["full", "scaled"]
    rule: SendingRule


_PAPER: Final = "O'Connor & Welling 2017, Appendix B, Eq. {}"
_CODE: Final = "github.com/petered/sigma-delta, mlp/forward_pass.py"

CONVENTIONS: Final[Mapping[str, Convention]] = MappingProxyType(
    {
        "eq22_dense": Convention(
            "dense original network, multiplies and adds with bias",
            _PAPER.format(22),
            lambda sizes, nnz, l1: len(nnz) * eq22_dense(sizes),
            dense_int32_aj,
            "full",
            ALL_VALUES,
        ),
        "code_dense": Convention(
            "dense original network, without bias",
            _CODE,
            lambda sizes, nnz, l1: len(nnz) * code_dense(sizes),
            dense_int32_aj,
            "full",
            ALL_VALUES,
        ),
        "eq23_sparse": Convention(
            "original network, zero activations skipped",
            _PAPER.format(23),
            lambda sizes, nnz, l1: int(eq23_sparse(sizes, nnz).sum()),
            dense_int32_aj,
            "full",
            NONZERO_VALUES,
        ),
        "code_sparse": Convention(
            "original network, zero activations skipped, without one bias per layer for the whole data set",
            _CODE,
            lambda sizes, nnz, l1: code_sparse(sizes, nnz),
            dense_int32_aj,
            "full",
            NONZERO_VALUES,
        ),
        "eq24_rounding": Convention(
            "rounding network, adds with bias",
            _PAPER.format(24),
            lambda sizes, nnz, l1: int(eq24_rounding(sizes, l1).sum()),
            adds_int32_aj,
            "scaled",
            NONZERO_VALUES,
        ),
        "eq25_sigma_delta": Convention(
            "sigma-delta network, adds",
            _PAPER.format(25),
            lambda sizes, nnz, l1: int(eq25_sigma_delta(sizes, l1).sum()),
            adds_int32_aj,
            "scaled",
            CHANGES,
        ),
        "code_adds": Convention(
            "rounding or sigma-delta network, adds",
            _CODE,
            lambda sizes, nnz, l1: int(code_adds(sizes, l1).sum()),
            adds_int32_aj,
            "scaled",
            CHANGES,
        ),
        "code_multiplyadds": Convention(
            "rounding or sigma-delta network with values sent as numbers, multiplies and adds",
            _CODE,
            lambda sizes, nnz, l1: int(code_multiplyadds(sizes, nnz).sum()),
            dense_int32_aj,
            "scaled",
            CHANGES,
        ),
    }
)


def _weighted(sizes: Sequence[int], per_layer: IntegerArray) -> Int64Array:
    """Return sum over layers of per_layer[frame, l] * d_{l+1}. Raise ValueError if the shape is not (frames, L)."""
    values = np.asarray(per_layer)
    if values.ndim != 2 or values.shape[1] != len(sizes) - 1:
        raise ValueError(f"expected an array (frames, {len(sizes) - 1}) for layers {tuple(sizes)}, not {values.shape}")
    fan_out: Int64Array = np.asarray(sizes[1:], dtype=np.int64)
    return np.asarray(values.astype(np.int64) @ fan_out)
