"""The paper's networks priced as whole systems: energies of a frame on several accelerators."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from deltasim.paper.pages.experiment import Experiment
from deltasim.paper.pages.points import DATASETS
from deltasim.paper.pages.words import UNOPTIMISED, cost_name, in_order, is_known, setting_name
from reports.errors import RunError

_NEAR: Final = 0.25
"""Points of error above the original's that are hardly more errors."""
_PAPERS_COST: Final = ("rounding", "none")
_KEYS: Final = ("figure", "input", "accelerator", "cost", "setting", "mode")


@dataclass(frozen=True)
class Case:
    """What was run: the input, and the scales of rounding and sigma-delta."""

    input: str
    cost: str
    setting: str

    @property
    def name(self) -> str:
        """As it is written in a choice."""
        found = "" if self.cost in _PAPERS_COST else f", for {cost_name(self.cost)}"
        return f"{DATASETS.get(self.input, self.input)}, {setting_name(self.setting)}{found}"


@dataclass(frozen=True)
class System:
    """Means per frame of one network on one accelerator; `components` in pJ by name."""

    case: Case
    figure: str
    accelerator: str
    lambda_: float
    mode: str
    arithmetic_pj: float
    total_pj: float
    latency_ns: float
    error_percent: float
    components: dict[str, float]


@dataclass(frozen=True)
class Systems:
    """All that were priced."""

    systems: tuple[System, ...]

    def accelerators(self, name: str) -> list[str]:
        """Those that an input was priced on, in the order of the table."""
        return [str(each) for each in in_order(each.accelerator for each in self.systems if each.case.input == name)]

    @property
    def inputs(self) -> list[str]:
        """In the order of the table."""
        return [str(name) for name in in_order(each.case.input for each in self.systems)]

    @cached_property
    def cases(self) -> list[Case]:
        """Every case in which sigma-delta was priced, by input and lambda."""
        found = {each.case: each.lambda_ for each in self.systems if each.mode == "sigma_delta"}

        def order(case: Case) -> tuple[int, bool, str, float]:
            value = found[case] if is_known(found[case]) else -math.inf
            return self.inputs.index(case.input), case.cost not in _PAPERS_COST, case.cost, value

        return sorted(found, key=order)

    def shown(self, name: str) -> list[Case]:
        """The cases of an input that figures have: the one chosen, the ends of the paper's scales, and the one that
        would be chosen of each other kind of scales.
        """
        cases = [case for case in self.cases if case.input == name]
        paper = [case for case in cases if case.cost in _PAPERS_COST]
        others = in_order(case.cost for case in cases if case.cost not in _PAPERS_COST)
        ends = [*paper[:2], *paper[-1:]]  # unoptimised, the least lambda, the largest
        return in_order([self.chosen(name), *ends, *(self.chosen(name, str(cost)) for cost in others)])

    def chosen(self, name: str, cost: str = "rounding") -> Case:
        """The case of an input that is shown first: of the scales optimised on a cost the cheapest that are hardly ever
        more often wrong than the original; without errors, or if none is, those of the least lambda.
        """
        cases = [case for case in self.cases if case.input == name]
        optimised = [case for case in cases if case.cost == cost and case.setting != UNOPTIMISED] or cases
        near = [case for case in optimised if self._more_errors(case) <= _NEAR]
        return min(near, key=self._energy) if near else optimised[0]

    def at(self, case: Case, accelerator: str, mode: str) -> System | None:
        """One network in a case, None if it was not priced; the original does not depend on scales."""
        wanted = [each for each in self._on(case.input, accelerator) if each.mode == mode]
        if mode in {"original", "original_sparse", "temporal_difference"}:
            return next(iter(wanted), None)
        return next((each for each in wanted if each.case == case), None)

    def counts_more(self, accelerator: str) -> bool:
        """Whether an accelerator's prices hold anything but arithmetic; the paper's own do not."""
        mine = [each for each in self.systems if (each.accelerator, each.mode) == (accelerator, "sigma_delta")]
        return any(each.total_pj > 1.001 * each.arithmetic_pj for each in mine)

    @property
    def costs(self) -> list[str]:
        """What scales were optimised on besides the paper's cost."""
        return [str(cost) for cost in in_order(case.cost for case in self.cases) if cost not in _PAPERS_COST]

    def line(self, name: str, accelerator: str, mode: str, cost: str = "rounding") -> list[System]:
        """One network on the scales found on a cost, the paper's unless given, by lambda, the smallest first."""
        wanted = [each for each in self._on(name, accelerator) if each.mode == mode and each.case.cost == cost]
        return sorted((each for each in wanted if is_known(each.lambda_)), key=lambda each: each.lambda_)

    def modes(self, case: Case, accelerator: str) -> list[str]:
        """The networks priced in a case."""
        modes = in_order(each.mode for each in self._on(case.input, accelerator))
        return [str(mode) for mode in modes if self.at(case, accelerator, str(mode)) is not None]

    def factor(self, case: Case, accelerator: str, column: str, baseline: str = "original") -> float:
        """How many times less sigma-delta takes than another network; NaN if either was not priced."""
        mine, theirs = self.at(case, accelerator, "sigma_delta"), self.at(case, accelerator, baseline)
        if mine is None or theirs is None or not getattr(mine, column):
            return math.nan
        return float(getattr(theirs, column) / getattr(mine, column))

    def _on(self, name: str, accelerator: str) -> list[System]:
        return [each for each in self.systems if (each.case.input, each.accelerator) == (name, accelerator)]

    def _more_errors(self, case: Case) -> float:
        """Points more than the original's error; infinite where errors are not known."""
        for accelerator in self.accelerators(case.input):
            mine, theirs = self.at(case, accelerator, "sigma_delta"), self.at(case, accelerator, "original")
            if mine and theirs and is_known(mine.error_percent) and is_known(theirs.error_percent):
                return mine.error_percent - theirs.error_percent
        return math.inf

    def _energy(self, case: Case) -> float:
        priced = [self.at(case, accelerator, "sigma_delta") for accelerator in self.accelerators(case.input)]
        return sum(each.total_pj for each in priced if each is not None)


def systems_of(experiment: Experiment) -> Systems:
    """The tables of the whole systems. Raises RunError if they are not as they should be."""
    numbers = ("lambda", "arithmetic_pj", "total_pj", "latency_ns", "error_percent")
    rows = experiment.rows("points", *_KEYS, *numbers)
    parts: dict[tuple[str, ...], dict[str, float]] = {}
    for row in experiment.rows("components", *_KEYS[1:], "component", "energy_pj"):
        found = parts.setdefault(_key(row), {})
        component = str(row["component"])
        found[component] = found.get(component, 0.0) + float(row["energy_pj"])
    systems = tuple(_system(row, parts.get(_key(row), {})) for row in rows)
    if not any(each.mode == "sigma_delta" for each in systems):
        raise RunError(
            f"{experiment.path}: points.parquet has no sigma-delta network; make it again: {experiment.command}"
        )
    return Systems(systems)


def _key(row: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(row[name]) for name in _KEYS[1:])


def _system(row: dict[str, Any], components: dict[str, float]) -> System:
    def number(name: str) -> float:
        return float(row[name]) if is_known(row[name]) else math.nan

    return System(
        case=Case(str(row["input"]), str(row["cost"]), str(row["setting"])),
        figure=str(row["figure"]),
        accelerator=str(row["accelerator"]),
        lambda_=number("lambda"),
        mode=str(row["mode"]),
        arithmetic_pj=number("arithmetic_pj"),
        total_pj=number("total_pj"),
        latency_ns=number("latency_ns"),
        error_percent=number("error_percent"),
        components=components,
    )
