"""What goes wrong while a file is written says which file: a full disk tells no name of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def naming(path: Path | str, *, instead_of: Path | None = None) -> Iterator[None]:
    """Give every OSError without a file name the name `path`, and so one about `instead_of`, a temporary file."""
    try:
        yield
    except OSError as error:
        if error.filename is not None and (instead_of is None or str(error.filename) != str(instead_of)):
            raise
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise OSError(error.errno or 0, reason, str(path)) from error
