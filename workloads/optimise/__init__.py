"""Scales k that trade error for computation: the paper's section 4, and beyond it. Needs JAX, an extra."""

from workloads.optimise.evaluation import cost_and_error
from workloads.optimise.found import FoundScales, OptimisedScales
from workloads.optimise.search import optimise_scales
from workloads.optimise.settings import Cost, Loss, Measure, ScaleSearch, SenderCost

__all__ = [
    "Cost",
    "FoundScales",
    "Loss",
    "Measure",
    "OptimisedScales",
    "ScaleSearch",
    "SenderCost",
    "cost_and_error",
    "optimise_scales",
]
