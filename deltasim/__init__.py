"""deltasim: what would one frame cost on a chip that sends only integer changes between layers?

import deltasim as ds

chip = ds.load_accelerator("horowitz-45nm")
network = ds.load_network("mnist-784-200-200-10")
quantised = ds.quantise(network, ds.frames("mnist", split="train", frames="0:1000").read(0, 1000))
run = ds.simulate(quantised, ds.frames("temporal-mnist", frames="0:1000"), chip)
run.summary()                 # one row per network of the paper's Figure 1
run.frames, run.layers        # pandas tables
ds.dashboard(run)             # path of the dashboard
ds.figures(run)["four-networks"]   # a figure of it, which a notebook shows inline
"""

import hwmodels
import reports
import workloads
from deltasim import api, repricing
from deltasim.arguments import checked
from deltasim.errors import USER_ERRORS
from deltasim.experiment import Experiment
from deltasim.mapping_choice import MappingChoice
from hwmodels import Accelerator, ConfigError, list_profiles
from hwmodels.records import MODES
from reports import Run, RunError
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
    optimise,
)
from workloads.optimise import ScaleSearch

simulate = checked(api.simulate, "simulate")
run = checked(api.run, "run")
dashboard = checked(api.dashboard, "dashboard")
reprice = checked(repricing.reprice, "reprice")
chip_of = checked(hwmodels.chip_of, "chip_of")
load_accelerator = checked(hwmodels.load_accelerator, "load_accelerator")
figures = checked(api.figures, "figures")
compare = checked(reports.compare, "compare")
load_run = checked(reports.load_run, "load_run")
frames = checked(workloads.load_frames, "frames")
load_network = checked(workloads.load_network, "load_network")
network_from_arrays = checked(workloads.network_from_arrays, "network_from_arrays")
quantise = checked(workloads.quantise, "quantise")
optimise_scales = checked(optimise.optimise_scales, "optimise_scales")

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
