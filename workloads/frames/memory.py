"""How much memory there is, to refuse what cannot fit by a message before the system does it by a kill."""

import os
import sys
from pathlib import Path

from workloads.errors import WorkloadError

GIB = 2**30
_MEMINFO = Path("/proc/meminfo")


def available_bytes() -> int:
    """Memory that this process may still hope for: what is free without swapping, or the limit set for it if less."""
    return min(_free_bytes(), _limit_bytes())


def check_fits(needed: int, what: str, remedy: str) -> None:
    """Raises WorkloadError if `needed` bytes are more than are available; `what` says where they are asked for."""
    if needed > available_bytes():
        raise too_large(needed, what, remedy)


def too_large(needed: int, what: str, remedy: str) -> WorkloadError:
    """The error that says how much is needed, how much is available, and what to do."""
    return WorkloadError(
        f"{what} needs {needed / GIB:,.1f} GiB of memory at once, of which {available_bytes() / GIB:,.1f} GiB are "
        f"available; {remedy}"
    )


def _free_bytes() -> int:
    """What Linux says, else all memory there is; where nothing says, no bound."""
    try:
        lines = _MEMINFO.read_text().splitlines()
        return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration):
        pass
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return sys.maxsize


def _limit_bytes() -> int:
    """The limit on the address space (`ulimit -v`), if there is one."""
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ImportError:
        return sys.maxsize
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    return sys.maxsize if soft == resource.RLIM_INFINITY else soft
