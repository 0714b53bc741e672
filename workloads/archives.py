"""Reading `.npz` archives that a stranger may have written: plain arrays or a clear refusal, never a pickle."""

import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workloads.errors import WorkloadError


def read_archive(path: Path) -> dict[str, NDArray[Any]]:
    """All arrays of a `.npz` file. Raises WorkloadError if it is missing, damaged, no archive, or holds pickles."""
    try:
        archive = np.load(path, allow_pickle=False)
        if not isinstance(archive, np.ndarray):
            with archive:
                return {key: archive[key] for key in archive.files}
    except FileNotFoundError:
        raise WorkloadError(f"{path} does not exist") from None
    except MemoryError as error:
        raise WorkloadError(f"{path} does not fit in memory ({error})") from error
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError) as error:
        raise WorkloadError(
            f"{path} cannot be read as a .npz archive ({error}). It may be truncated, or hold Python objects, which "
            "are never loaded; write plain arrays with numpy.savez"
        ) from error
    raise WorkloadError(f"{path} is a single array, not a .npz archive of named arrays; write it with numpy.savez")
