"""Names of modes as people write them: `sigma-delta` is `sigma_delta`, and one name is a list of one."""

from __future__ import annotations

from collections.abc import Iterable

from hwmodels.loading.validation import did_you_mean
from hwmodels.modes import MODES_TABLE
from simulator import SimulationError
from workloads.field_types import underscored


def mode_of(given: object) -> str:
    """The mode of that name. Raises SimulationError with the nearest one, and all."""
    name = underscored(given)
    if name in MODES_TABLE:
        return str(name)
    raise SimulationError(
        f"no mode {given!r}{did_you_mean(str(name), list(MODES_TABLE)) or ';'} there are {', '.join(MODES_TABLE)}"
    )


def modes_of(given: str | Iterable[str] | None) -> tuple[str, ...] | None:
    """The modes of a list, or of a text with commas between; None stays None. Raises SimulationError as `mode_of`."""
    if given is None:
        return None
    names = given.split(",") if isinstance(given, str) else given
    if not isinstance(names, Iterable):
        raise SimulationError(f"modes are {given!r}: give a list of {', '.join(MODES_TABLE)}")
    return tuple(mode_of(name.strip() if isinstance(name, str) else name) for name in names)
