"""The one exception of this package."""

from __future__ import annotations


class RunError(Exception):
    """A run directory cannot be written or read; the message says what is wrong, where, and what to do about it."""
