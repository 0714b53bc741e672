"""Hashes that say what a run was made of, so that a resumed run ends with the same bytes and two runs can be told
apart.
"""

from __future__ import annotations

import hashlib
import json
import platform
from importlib.metadata import version
from typing import Any, Final

import numpy as np

from workloads import IntegerNetwork

_PACKAGES: Final = ("deltasim", "numba", "numpy", "pandas", "pyarrow", "pydantic", "simpy")


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
    first = network.input_requantiser
    settings = (
        network.weight_bits,
        network.activation_bits,
        network.accumulator_bits,
        network.overflow,
        first.rounding,
    )
    digest.update(repr(settings).encode())
    for requantiser in (first, *(layer.requantiser for layer in network.layers)):
        if requantiser is not None:
            digest.update(repr((requantiser.low, requantiser.high)).encode())
            for array in (requantiser.multiplier, requantiser.shift):
                digest.update(np.ascontiguousarray(array).tobytes())
    for layer in network.layers:
        digest.update(f"{layer.name} {layer.activation} {layer.weights.shape} {layer.weights.dtype}".encode())
        digest.update(np.ascontiguousarray(layer.weights).tobytes())
        digest.update(np.ascontiguousarray(layer.bias).tobytes())
    return digest.hexdigest()
