"""Hypothesis profiles: `default` for a developer, `ci` bounded and repeatable, `thorough` for a night, `unshrunk`
for a case that takes minutes to shrink."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings

_SLOW_DATA = [HealthCheck.too_slow, HealthCheck.data_too_large]
settings.register_profile("default", deadline=None, max_examples=100, suppress_health_check=_SLOW_DATA)
settings.register_profile("ci", deadline=None, max_examples=100, derandomize=True, suppress_health_check=_SLOW_DATA)
settings.register_profile("thorough", deadline=None, max_examples=5000, suppress_health_check=_SLOW_DATA)
settings.register_profile(
    "unshrunk",
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=_SLOW_DATA,
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))
