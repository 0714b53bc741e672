"""Finished runs: writing and reading run directories, tables, figures, the dashboard, comparisons."""

from reports.agreement import LowAgreement, agreement_percent, low_agreement
from reports.comparison import compare, outputs_differing, write_comparison
from reports.core_details import mapping_sentence
from reports.dashboard import write_dashboard
from reports.errors import RunError
from reports.notebook import figures_of
from reports.pace import hertz, leaks
from reports.quantisation import PRECISIONS, Fidelity, fidelities, layers_of, precision_name
from reports.repricing import at_prices, repricing_table, used_actions, write_priced_copy
from reports.run import Run, load_run
from reports.rundir import PartialRun, open_partial
from reports.trace import write_trace

__all__ = [
    "PRECISIONS",
    "Fidelity",
    "LowAgreement",
    "PartialRun",
    "Run",
    "RunError",
    "agreement_percent",
    "at_prices",
    "compare",
    "fidelities",
    "figures_of",
    "hertz",
    "layers_of",
    "leaks",
    "load_run",
    "low_agreement",
    "mapping_sentence",
    "open_partial",
    "outputs_differing",
    "precision_name",
    "repricing_table",
    "used_actions",
    "write_comparison",
    "write_dashboard",
    "write_priced_copy",
    "write_trace",
]
