"""Finished runs: writing and reading run directories, tables, figures, the dashboard, comparisons."""

from importlib import import_module
from typing import TYPE_CHECKING

_HOMES = {
    "Chunk": "run.writing",
    "PRECISIONS": "tables.quantisation",
    "Fidelity": "tables.quantisation",
    "LowAgreement": "tables.agreement",
    "PartialRun": "run.writing",
    "Run": "run.finished",
    "RunError": "errors",
    "agreement_percent": "tables.agreement",
    "at_prices": "tables.repricing",
    "compare": "tables.comparison",
    "fidelities": "tables.quantisation",
    "figures_of": "dashboard.notebook",
    "hertz": "tables.pace",
    "layers_of": "tables.quantisation",
    "leaks": "tables.pace",
    "load_run": "run.finished",
    "low_agreement": "tables.agreement",
    "mapping_sentence": "tables.core_details",
    "open_partial": "run.writing",
    "outputs_differing": "tables.comparison",
    "precision_name": "tables.quantisation",
    "repricing_table": "tables.repricing",
    "used_actions": "tables.repricing",
    "write_comparison": "tables.comparison",
    "write_dashboard": "dashboard.writing",
    "write_priced_copy": "tables.repricing",
    "write_trace": "perfetto",
}
"""Every public name, and in which module of this package it is."""

if TYPE_CHECKING:
    from reports.dashboard.notebook import figures_of
    from reports.dashboard.writing import write_dashboard
    from reports.errors import RunError
    from reports.perfetto import write_trace
    from reports.run.finished import Run, load_run
    from reports.run.writing import Chunk, PartialRun, open_partial
    from reports.tables.agreement import LowAgreement, agreement_percent, low_agreement
    from reports.tables.comparison import compare, outputs_differing, write_comparison
    from reports.tables.core_details import mapping_sentence
    from reports.tables.pace import hertz, leaks
    from reports.tables.quantisation import PRECISIONS, Fidelity, fidelities, layers_of, precision_name
    from reports.tables.repricing import at_prices, repricing_table, used_actions, write_priced_copy
else:

    def __getattr__(name: str) -> object:
        """A public name, when it is first asked for: what nobody uses is not imported."""
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


__all__ = [
    "PRECISIONS",
    "Chunk",
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
