"""What quantisation.json of a run holds."""

from __future__ import annotations

from typing import Any


def entry(precision: str, core: int, layer: str, decibels: float | str, clipped: float, **more: Any) -> dict[str, Any]:
    shared = {"precision": precision, "core": core, "layer": layer, "scale": 0.5 if core == 0 else None}
    return {**shared, "signal_to_noise_db": decibels, "saturated_share": clipped, **more}


def limits(bits: int) -> dict[str, int]:
    bound = 2 ** (bits - 1) - 1
    low_to_high = {"weight_low": -127, "weight_high": 126}
    return {**low_to_high, "static_bound": bound, "bits_needed": bits, "accumulator_bits": 16, "peak": 1234}


def content(*, bits: int = 16, layer: str = "output") -> dict[str, Any]:
    return {
        "frames": 8,
        "agreement": {"full": 1.0, "scaled": 0.875},
        "left_to_float": [],
        "layers": [
            entry("full", 0, "input", "inf", 0.0),
            entry("full", 1, layer, 40.25, 0.001, **limits(15)),
            entry("scaled", 0, "input", 20.0, 0.0),
            entry("scaled", 1, layer, 12.345, 0.01234, **limits(bits)),
        ],
    }
