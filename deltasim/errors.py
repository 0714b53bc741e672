"""Every error that is the user's to mend: shown as a message, never as a traceback."""

from __future__ import annotations

from typing import Final

from deltasim.assets import AssetError
from hwmodels import ConfigError, PricingError
from reports import RunError
from simulator import SimulationError
from workloads import WorkloadError

USER_ERRORS: Final = (AssetError, ConfigError, PricingError, WorkloadError, SimulationError, RunError)
