"""What a chip is and what an action costs: accelerators from YAML, their timing, their prices. Knows no networks."""

from importlib import import_module
from typing import TYPE_CHECKING

_HOMES = {
    "ACTION_COLUMNS": "pricing",
    "ENERGY_COLUMNS": "pricing",
    "LEAKAGE_COLUMNS": "pricing",
    "Accelerator": "schema",
    "AreaRow": "area",
    "Chip": "chip",
    "ConfigError": "errors",
    "CoreTiming": "chip",
    "Document": "yaml_document",
    "EnergyColumn": "pricing",
    "FieldProblem": "errors",
    "FieldsError": "errors",
    "MemoryTiming": "chip",
    "PricingError": "new_prices",
    "Problem": "errors",
    "ProfileInfo": "loading",
    "Provenance": "parts",
    "Scaling": "technology",
    "accelerator_json_schema": "json_schema",
    "action_prices": "pricing",
    "chip_area": "area",
    "chip_of": "timing",
    "core_positions": "timing",
    "did_you_mean": "validation",
    "exact_sum": "pricing",
    "frame_intervals": "pricing",
    "idle_mw": "pricing",
    "leakage_mw": "pricing",
    "list_profiles": "loading",
    "load_accelerator": "loading",
    "power_mw": "pricing",
    "price": "pricing",
    "read_yaml": "yaml_document",
    "scaled": "technology",
    "scaling": "technology",
    "totals": "pricing",
    "validate_document": "validation",
    "why_no_area": "area",
    "with_prices_of": "repricing",
}
"""Every public name, and in which module of this package it is."""

if TYPE_CHECKING:
    from hwmodels.area import AreaRow, chip_area, why_no_area
    from hwmodels.chip import Chip, CoreTiming, MemoryTiming
    from hwmodels.errors import ConfigError, FieldProblem, FieldsError, Problem
    from hwmodels.json_schema import accelerator_json_schema
    from hwmodels.loading import ProfileInfo, list_profiles, load_accelerator
    from hwmodels.new_prices import PricingError
    from hwmodels.parts import Provenance
    from hwmodels.pricing import (
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
    from hwmodels.repricing import with_prices_of
    from hwmodels.schema import Accelerator
    from hwmodels.technology import Scaling, scaled, scaling
    from hwmodels.timing import chip_of, core_positions
    from hwmodels.validation import did_you_mean, validate_document
    from hwmodels.yaml_document import Document, read_yaml
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
