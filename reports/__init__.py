"""Finished runs: writing and reading run directories, tables, figures, the dashboard, comparisons."""

from importlib import import_module
from typing import TYPE_CHECKING

_HOMES = {
    "PRECISIONS": "quantisation",
    "Fidelity": "quantisation",
    "LowAgreement": "agreement",
    "PartialRun": "rundir",
    "Run": "run",
    "RunError": "errors",
    "agreement_percent": "agreement",
    "at_prices": "repricing",
    "compare": "comparison",
    "fidelities": "quantisation",
    "figures_of": "notebook",
    "hertz": "pace",
    "layers_of": "quantisation",
    "leaks": "pace",
    "load_run": "run",
    "low_agreement": "agreement",
    "mapping_sentence": "core_details",
    "open_partial": "rundir",
    "outputs_differing": "comparison",
    "precision_name": "quantisation",
    "repricing_table": "repricing",
    "used_actions": "repricing",
    "write_comparison": "comparison",
    "write_dashboard": "dashboard",
    "write_priced_copy": "repricing",
    "write_trace": "trace",
}
"""Every public name, and in which module of this package it is."""

if TYPE_CHECKING:
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
else:

    def __getattr__(name: str) -> object:
        """A public name, when it is first asked for: what nobody uses is not imported."""
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


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
