"""Finished runs: writing and reading run directories, tables, figures, the dashboard, comparisons."""

from reports.comparison import compare, outputs_differing, write_comparison
from reports.dashboard import write_dashboard
from reports.errors import RunError
from reports.quantisation import PRECISIONS, Fidelity, fidelities, layers_of
from reports.run import Run, load_run
from reports.rundir import PartialRun, open_partial

__all__ = [
    "PRECISIONS",
    "Fidelity",
    "PartialRun",
    "Run",
    "RunError",
    "compare",
    "fidelities",
    "layers_of",
    "load_run",
    "open_partial",
    "outputs_differing",
    "write_comparison",
    "write_dashboard",
]
