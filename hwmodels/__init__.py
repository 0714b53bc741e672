"""What a chip is and what an action costs: accelerators from YAML, their timing, their prices. Knows no networks."""

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
from hwmodels.scaling import Scaling, scaled, scaling
from hwmodels.schema import Accelerator
from hwmodels.timing import chip_of, core_positions
from hwmodels.validation import did_you_mean, validate_document
from hwmodels.yaml_document import Document, read_yaml

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
