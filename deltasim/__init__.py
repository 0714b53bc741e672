"""deltasim: what would one frame cost on a chip that sends only integer changes between layers?

import deltasim as ds

chip = ds.load_accelerator("horowitz-45nm")
network = ds.load_network("mnist-784-200-200-10")
quantised = ds.quantise(network, ds.frames("mnist", split="train", frames="0:1000").read(0, 1000))
run = ds.simulate(quantised, ds.frames("temporal-mnist", frames="0:1000"), chip)
run.summary()                 # one row per network of the paper's Figure 1
run.frames, run.layers        # pandas tables
ds.dashboard(run, "dashboard.html")   # or run.save("runs/mine"): all of it, as `deltasim run` writes it
ds.figures(run)["four-networks"]   # a figure of it, which a notebook shows inline
"""

from importlib import import_module
from typing import TYPE_CHECKING

_CALLS = {
    "chip_of": "hwmodels.timing:chip_of",
    "compare": "reports.tables.comparison:compare",
    "dashboard": "deltasim.api:dashboard",
    "figures": "deltasim.api:figures",
    "frames": "workloads.frames.datasets:load_frames",
    "load_accelerator": "hwmodels.loading.load:load_accelerator",
    "load_network": "workloads.graphs.load:load_network",
    "load_run": "reports.run.finished:load_run",
    "network_from_arrays": "workloads.graphs.network:network_from_arrays",
    "optimise_scales": "workloads.optimise:optimise_scales",
    "quantise": "workloads.integer.quantising:quantise",
    "reprice": "deltasim.experiment.repricing:reprice",
    "run": "deltasim.api:run",
    "simulate": "deltasim.api:simulate",
}
"""Public calls whose arguments are checked, and where each is: module and name."""

_HOMES = {
    "MODES": "hwmodels.records",
    "USER_ERRORS": "deltasim.errors",
    "Accelerator": "hwmodels.schema.accelerator",
    "ConfigError": "hwmodels.errors",
    "Experiment": "deltasim.experiment.files",
    "Frames": "workloads.frames.source",
    "IntegerNetwork": "workloads.integer.network",
    "MappingChoice": "deltasim.experiment.mapping_choice",
    "Network": "workloads.graphs.graph",
    "Quantisation": "workloads.integer.quantisation",
    "QuantisedNetwork": "workloads.integer.quantised",
    "Run": "reports.run.finished",
    "RunError": "reports.errors",
    "ScaleSearch": "workloads.optimise",
    "SimulationError": "simulator.errors",
    "WorkloadError": "workloads.errors",
    "list_datasets": "workloads.frames.datasets",
    "list_networks": "workloads.graphs.load",
    "list_profiles": "hwmodels.loading.load",
}
"""The other public names, and in which module each is."""

if TYPE_CHECKING:
    from deltasim.api import dashboard, figures, run, simulate
    from deltasim.errors import USER_ERRORS
    from deltasim.experiment.files import Experiment
    from deltasim.experiment.mapping_choice import MappingChoice
    from deltasim.experiment.repricing import reprice
    from hwmodels import Accelerator, ConfigError, chip_of, list_profiles, load_accelerator
    from hwmodels.records import MODES
    from reports import Run, RunError, compare, load_run
    from simulator import SimulationError
    from workloads import (
        Frames,
        IntegerNetwork,
        Network,
        Quantisation,
        QuantisedNetwork,
        WorkloadError,
        list_datasets,
        list_networks,
        load_network,
        network_from_arrays,
        quantise,
    )
    from workloads import load_frames as frames
    from workloads.optimise import ScaleSearch, optimise_scales
else:

    def __getattr__(name: str) -> object:
        """A public name, when it is first asked for: what nobody uses is not imported. Kept for the next time."""
        if name in _CALLS:
            module, _, function = _CALLS[name].partition(":")
            checked = import_module("deltasim.arguments").checked
            value = checked(getattr(import_module(module), function), name)
        elif name in _HOMES:
            value = getattr(import_module(_HOMES[name]), name)
        else:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        globals()[name] = value
        return value


__all__ = [
    "MODES",
    "USER_ERRORS",
    "Accelerator",
    "ConfigError",
    "Experiment",
    "Frames",
    "IntegerNetwork",
    "MappingChoice",
    "Network",
    "Quantisation",
    "QuantisedNetwork",
    "Run",
    "RunError",
    "ScaleSearch",
    "SimulationError",
    "WorkloadError",
    "chip_of",
    "compare",
    "dashboard",
    "figures",
    "frames",
    "list_datasets",
    "list_networks",
    "list_profiles",
    "load_accelerator",
    "load_network",
    "load_run",
    "network_from_arrays",
    "optimise_scales",
    "quantise",
    "reprice",
    "run",
    "simulate",
]


def __dir__() -> list[str]:
    """The public names: what completion in a shell offers."""
    return sorted(__all__)
