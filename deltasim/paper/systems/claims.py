"""Whether the paper's saving survives memory, mesh and leakage."""

from __future__ import annotations

from typing import Final

from deltasim.paper.pages.claim import BEYOND, Claim, Holds, claim
from deltasim.paper.pages.experiment import Experiment
from deltasim.paper.pages.fronts import RULE, compared
from deltasim.paper.pages.points import DATASETS
from deltasim.paper.pages.words import is_known, listed
from deltasim.paper.systems.points import Case, Systems, systems_of
from reports.tables.numbers import percent, ratio

_SURVIVES: Final = 0.8
"""The saving survives if that of the whole system is at least this share of that of arithmetic."""


def systems_claims(experiment: Experiment) -> list[Claim]:
    """Two claims for each input, at the setting shown first."""
    systems = systems_of(experiment)
    chosen = [systems.chosen(name) for name in systems.inputs]
    claims = [_survives(experiment, systems, case) for case in chosen]
    claims += [each for case in chosen if (each := _beside_sparse(experiment, systems, case)) is not None]
    return [*claims, *_searches(experiment, systems)]


def _searches(experiment: Experiment, systems: Systems) -> list[Claim]:
    """Scales optimised on the energy of an accelerator against the paper's, on that accelerator."""
    result = []
    for cost in systems.costs:
        accelerator = cost.partition(":")[2]
        for name in systems.inputs:
            paper, other = (
                [(each.total_pj, each.error_percent) for each in systems.line(name, accelerator, "sigma_delta", kind)]
                for kind in ("rounding", cost)
            )
            if not paper or not other or not all(is_known(error) for _, error in [*paper, *other]):
                continue
            holds, ours = compared(paper, other, "energy")
            text = (
                f"Scales optimised on the energy of {accelerator} give sigma-delta a better trade-off there than the "
                f"paper's ({DATASETS.get(name, name)})."
            )
            why = f"{RULE} Costs are whole-system energies on {accelerator}."
            result.append(claim(experiment, text, BEYOND, ours, holds, why))
    return result


def _survives(experiment: Experiment, systems: Systems, case: Case) -> Claim:
    pairs = {
        name: (systems.factor(case, name, "arithmetic_pj"), systems.factor(case, name, "total_pj"))
        for name in systems.accelerators(case.input)
    }
    known = {name: pair for name, pair in pairs.items() if all(map(is_known, pair)) and systems.counts_more(name)}
    paper = next((pair[0] for name, pair in pairs.items() if not systems.counts_more(name) and is_known(pair[0])), None)
    kept = [whole >= _SURVIVES * (paper or arithmetic) for arithmetic, whole in known.values()]
    saved = [whole > 1 for _, whole in known.values()]
    holds: Holds = "yes" if known and all(kept) else "partly" if any(saved) else "no"
    ours = [f"{name} {ratio(b)} (arithmetic alone {ratio(a)})" for name, (a, b) in known.items()]
    counted = f"by the paper's accounting {ratio(paper)}; " if paper else ""
    left = [f"{name}: {largest_component(systems, case, name)}" for name in known]
    without = [f"{name} {_against_rounding(systems, case, name)}" for name, (a, _) in pairs.items() if not is_known(a)]
    note = f" Without a multiplier there is no original: {'; '.join(without)}." if without else ""
    return claim(
        experiment,
        f"The saving of sigma-delta over the original survives memory, mesh and leakage ({case.name}).",
        BEYOND,
        f"{counted}whole system: {listed(ours)}",
        holds,
        f"Holds if at least {100 * _SURVIVES:g} % of the factor of {'the paper' if paper else 'arithmetic'} is left on "
        f"every accelerator; in part if anything is saved on any. What takes most of sigma-delta's energy: "
        f"{listed(left)}.{note}",
    )


def _beside_sparse(experiment: Experiment, systems: Systems, case: Case) -> Claim | None:
    factors = {
        name: systems.factor(case, name, "total_pj", "original_sparse") for name in systems.accelerators(case.input)
    }
    known = {name: factor for name, factor in factors.items() if is_known(factor) and systems.counts_more(name)}
    if not known:
        return None
    saved = [factor > 1 for factor in known.values()]
    return claim(
        experiment,
        f"As a whole system sigma-delta also beats an original that leaves zeros out ({case.name}).",
        BEYOND,
        listed([f"{name} {ratio(factor)}" for name, factor in known.items()]),
        "yes" if all(saved) else "partly" if any(saved) else "no",
        "How many times less energy a frame takes; below 1 sigma-delta takes more.",
    )


def largest_component(systems: Systems, case: Case, accelerator: str) -> str:
    """What takes most of sigma-delta's energy, with its share."""
    found = systems.at(case, accelerator, "sigma_delta")
    if found is None or not found.components:
        return "not known"
    name, energy = max(found.components.items(), key=lambda item: item[1])
    return f"{name} {percent(100 * energy / sum(found.components.values()), 0)}"


def _against_rounding(systems: Systems, case: Case, accelerator: str) -> str:
    arithmetic, whole = (systems.factor(case, accelerator, name, "rounding") for name in ("arithmetic_pj", "total_pj"))
    return f"takes {ratio(whole)} less than rounding as a whole system, {ratio(arithmetic)} in arithmetic"
