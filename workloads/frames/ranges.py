"""Ranges of frames as a user writes them: `start:stop`, either end left out."""

import re

from workloads.errors import WorkloadError


def bounds_of(text: str) -> tuple[int, int | None]:
    """Start and stop of a range such as `0:100`, `:100` or `100:`; stop is None where it is left out.

    Raises WorkloadError for anything else, and for a range that holds nothing.
    """
    match = re.fullmatch(r"\s*([0-9]*)\s*:\s*([0-9]*)\s*", text)
    if match is None:
        raise WorkloadError(f"frames {text!r} is not a range; needed start:stop, such as 0:100, :100 or 100:")
    start, stop = int(match[1] or 0), int(match[2]) if match[2] else None
    if stop is not None and start >= stop:
        raise WorkloadError(f"frames {text!r} is not within any stack of frames; needed 0 <= start < stop")
    return start, stop


def parse_range(text: str, count: int) -> tuple[int, int]:
    """Start and stop of a range within `count` frames. Raises WorkloadError if it is not within them."""
    start, stop = bounds_of(text)
    stop = count if stop is None else stop
    if stop > count or start >= stop:
        raise WorkloadError(
            f"frames {text!r} is not within the {count} frames there are; needed 0 <= start < stop <= {count}"
        )
    return start, stop
