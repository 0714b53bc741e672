"""Figures of a run: pure functions from tables to plotly figures. Axes are in SI units, labelled with prefixes."""
