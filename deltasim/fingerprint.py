"""Hashes that say what a run was made of, so that a resumed run ends with the same bytes and two runs can be told
apart.
"""

from __future__ import annotations

import hashlib
import json
import platform
from importlib.metadata import version
from typing import Any, Final, Protocol

import numpy as np

from workloads import IntegerNetwork, Requantiser

_PACKAGES: Final = ("deltasim", "numba", "numpy", "pandas", "pyarrow", "pydantic", "simpy")


class Hash(Protocol):
    """What takes bytes to hash."""

    def update(self, data: bytes, /) -> None:
        """Take more bytes in."""


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that results depend on."""
    return {"python": platform.python_version()} | {name: version(name) for name in _PACKAGES}


def sha256_of(value: Any) -> str:  # noqa: ANN401 - anything that JSON can hold
    """Hash of a JSON value, independent of the order of its keys."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def network_sha256(network: IntegerNetwork) -> str:
    """Hash of every integer and setting of a quantised network."""
    digest = hashlib.sha256()
    widths = (network.weight_bits, network.activation_bits, network.accumulator_bits, network.overflow)
    _add(digest, widths, network.input_shape, network.input_shift, network.input_offset)
    _add_requantiser(digest, network.input_requantiser)
    for layer in network.layers:
        _add(digest, layer.name, layer.shape, layer.sent_shape, layer.activation, layer.pool, layer.bias, layer.limits)
        _add_requantiser(digest, layer.requantiser)
        _add_requantiser(digest, layer.leak)
        for synapses in layer.synapses:
            _add(digest, synapses.source, synapses.window, synapses.weights.shape, synapses.weights)
    return digest.hexdigest()


def _add_requantiser(digest: Hash, requantiser: Requantiser | None) -> None:
    if requantiser is None:
        _add(digest, None)
    else:
        _add(digest, requantiser.multiplier, requantiser.shift, requantiser.low, requantiser.high, requantiser.rounding)


def _add(digest: Hash, *values: object) -> None:
    for value in values:
        if isinstance(value, np.ndarray):
            digest.update(str(value.dtype).encode())
            digest.update(np.ascontiguousarray(value).tobytes())
        else:
            digest.update(repr(value).encode())
