"""Values pickled by a test, and taken out again."""

from __future__ import annotations

import pickle
from typing import Any


def unpickled(content: bytes) -> Any:
    """What the test itself pickled."""
    return pickle.loads(content)  # noqa: S301 - written by the test itself


def pickled(value: Any) -> Any:
    """The value as another process would have it."""
    return unpickled(pickle.dumps(value))
