"""A finished run at the prices of another profile, another technology node, or both: nothing is simulated."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import pandas as pd

from hwmodels import Accelerator, load_accelerator, scaled, scaling, with_prices_of
from reports import Run, at_prices, load_run, repricing_table, used_actions


@dataclass(frozen=True)
class Repriced:
    """A run at other prices: the run as `after`, the table beside the old prices, and how long pricing took."""

    before: Run
    after: Run
    table: pd.DataFrame
    warnings: tuple[str, ...]
    pricing_ms: float


def reprice(
    run: Run | Path | str,
    operations: Accelerator | Path | str | None = None,
    *,
    node: str | None = None,
    voltage: str | None = None,
    arithmetic_only: bool = False,
) -> Repriced:
    """Price a finished run again; its directory stays as it is.

    operations: a profile, its name, or a YAML file, whose prices are taken (see `hwmodels.with_prices_of`);
    arithmetic_only: no more than those of adds and multiplies. node: the technology to which all energies on the chip
    are then scaled, such as "7 nm", at `voltage`, the one of the profile unless given (see `hwmodels.technology`).
    Raises PricingError for an action without a price or a node that no method covers, ConfigError for a wrong
    YAML file.
    """
    before = run if isinstance(run, Run) else load_run(run)
    accelerator, warnings = before.accelerator, tuple[str, ...]()
    if operations is not None:
        other = operations if isinstance(operations, Accelerator) else load_accelerator(operations)
        used = used_actions(before)
        accelerator = with_prices_of(accelerator, other, used, arithmetic_only=arithmetic_only)
    if node is not None:
        scale = scaling(accelerator, node, voltage)
        accelerator, warnings = scaled(accelerator, scale), scale.warnings
    after = at_prices(before, accelerator, warnings)
    began = perf_counter()
    _ = after.energies
    pricing_ms = 1000 * (perf_counter() - began)
    return Repriced(before, after, repricing_table(before, after), warnings, pricing_ms)
