"""Every error that is the user's to mend: shown as a message, never as a traceback."""

from __future__ import annotations

from typing import Final

from hwmodels import ConfigError, PricingError
from reports import RunError
from simulator import SimulationError
from workloads import WorkloadError
from workloads.assets import AssetError

USER_ERRORS: Final = (AssetError, ConfigError, PricingError, WorkloadError, SimulationError, RunError)
