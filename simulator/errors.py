"""What goes wrong when a network is put on a chip."""

from __future__ import annotations


class SimulationError(ValueError):
    """The network, frames and chip given cannot be simulated together; the message says what to change."""
