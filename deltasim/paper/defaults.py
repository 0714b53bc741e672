"""What the paper's figures have unless told otherwise; the command line shows it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

SEED: Final = 1234  # the paper's own
PLACE: Final = Path("runs") / "paper"
