"""What a chip is and what an action costs: accelerators from YAML, their timing, their prices. Knows no networks."""

from importlib import import_module
from typing import TYPE_CHECKING

_HOMES = {
    "ACTION_COLUMNS": "prices.pricing",
    "ENERGY_COLUMNS": "prices.pricing",
    "LEAKAGE_COLUMNS": "prices.pricing",
    "Accelerator": "schema.accelerator",
    "AreaRow": "schema.area",
    "Chip": "chip",
    "ConfigError": "errors",
    "CoreTiming": "chip",
    "Document": "loading.yaml_document",
    "EnergyColumn": "prices.pricing",
    "FieldProblem": "errors",
    "FieldsError": "errors",
    "MemoryTiming": "chip",
    "PricingError": "prices.new_prices",
    "Problem": "errors",
    "ProfileInfo": "loading.load",
    "Provenance": "schema.parts",
    "Scaling": "technology",
    "accelerator_json_schema": "schema.json_schema",
    "action_prices": "prices.pricing",
    "chip_area": "schema.area",
    "chip_of": "timing",
    "core_positions": "timing",
    "did_you_mean": "loading.validation",
    "exact_sum": "prices.pricing",
    "frame_intervals": "prices.pricing",
    "idle_mw": "prices.pricing",
    "leakage_mw": "prices.pricing",
    "list_profiles": "loading.load",
    "load_accelerator": "loading.load",
    "power_mw": "prices.pricing",
    "price": "prices.pricing",
    "read_yaml": "loading.yaml_document",
    "scaled": "technology",
    "scaling": "technology",
    "totals": "prices.pricing",
    "validate_document": "loading.validation",
    "why_no_area": "schema.area",
    "with_prices_of": "prices.repricing",
}
"""Every public name, and in which module of this package it is."""

if TYPE_CHECKING:
    from hwmodels.chip import Chip, CoreTiming, MemoryTiming
    from hwmodels.errors import ConfigError, FieldProblem, FieldsError, Problem
    from hwmodels.loading.load import ProfileInfo, list_profiles, load_accelerator
    from hwmodels.loading.validation import did_you_mean, validate_document
    from hwmodels.loading.yaml_document import Document, read_yaml
    from hwmodels.prices.new_prices import PricingError
    from hwmodels.prices.pricing import (
        ACTION_COLUMNS,
        ENERGY_COLUMNS,
        LEAKAGE_COLUMNS,
        EnergyColumn,
        action_prices,
        exact_sum,
        frame_intervals,
        idle_mw,
        leakage_mw,
        power_mw,
        price,
        totals,
    )
    from hwmodels.prices.repricing import with_prices_of
    from hwmodels.schema.accelerator import Accelerator
    from hwmodels.schema.area import AreaRow, chip_area, why_no_area
    from hwmodels.schema.json_schema import accelerator_json_schema
    from hwmodels.schema.parts import Provenance
    from hwmodels.technology import Scaling, scaled, scaling
    from hwmodels.timing import chip_of, core_positions
else:

    def __getattr__(name: str) -> object:
        """A public name, when it is first asked for: what nobody uses is not imported."""
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


__all__ = [
    "ACTION_COLUMNS",
    "ENERGY_COLUMNS",
    "LEAKAGE_COLUMNS",
    "Accelerator",
    "AreaRow",
    "Chip",
    "ConfigError",
    "CoreTiming",
    "Document",
    "EnergyColumn",
    "FieldProblem",
    "FieldsError",
    "MemoryTiming",
    "PricingError",
    "Problem",
    "ProfileInfo",
    "Provenance",
    "Scaling",
    "accelerator_json_schema",
    "action_prices",
    "chip_area",
    "chip_of",
    "core_positions",
    "did_you_mean",
    "exact_sum",
    "frame_intervals",
    "idle_mw",
    "leakage_mw",
    "list_profiles",
    "load_accelerator",
    "power_mw",
    "price",
    "read_yaml",
    "scaled",
    "scaling",
    "totals",
    "validate_document",
    "why_no_area",
    "with_prices_of",
]
