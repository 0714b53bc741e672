"""Reading files of arrays that a stranger may have written: plain arrays or a clear refusal, never a pickle."""

import struct
import tokenize
import zipfile
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workloads.errors import WorkloadError
from workloads.frames.memory import check_fits

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_DAMAGE = (  # what zipfile and numpy raise for files that are not as they should be
    *(OSError, ValueError, EOFError, SyntaxError, RuntimeError),
    *(zipfile.BadZipFile, zlib.error, struct.error, tokenize.TokenError),
)


def read_archive(path: Path, only: Collection[str] | None = None) -> dict[str, NDArray[Any]]:
    """All arrays of a `.npz` file, or those of the names in `only` that it has.

    Raises WorkloadError if it is missing, damaged, larger than memory, no archive, or holds pickles.
    """
    arrays = {}
    with opened(path) as (archive, entries):
        chosen = {name: entry for name, entry in entries.items() if only is None or name in only}
        size = sum(entry.file_size for entry in chosen.values())
        check_fits(size, f"reading {path} ({size:,} bytes unpacked)", "use a machine with more")
        for name, entry in chosen.items():
            with archive.open(entry) as file:
                arrays[name] = np.lib.format.read_array(file, allow_pickle=False)
    return arrays


@contextmanager
def opened(path: Path) -> Iterator[tuple[zipfile.ZipFile, dict[str, zipfile.ZipInfo]]]:
    """The archive at `path` and its entries by name of the array; what reading them raises becomes WorkloadError."""
    with reading(path, "a .npz archive"), path.open("rb") as file:
        if file.read(len(np.lib.format.MAGIC_PREFIX)) == np.lib.format.MAGIC_PREFIX:
            raise WorkloadError(
                f"{path} is a single array, not a .npz archive of named arrays; write it with numpy.savez"
            )
        with zipfile.ZipFile(path) as archive:
            entries = {entry.filename.removesuffix(".npy"): entry for entry in archive.infolist()}
            for name, entry in entries.items():
                if entry.compress_type not in _METHODS:  # others unpack without a limit, and nobody writes them
                    raise ValueError(f"{name!r} is compressed by method {entry.compress_type}")
            yield archive, entries


@contextmanager
def reading(path: Path, what: str) -> Iterator[None]:
    """Turns all that reading `what` out of the file at `path` may raise into one WorkloadError."""
    try:
        yield
    except WorkloadError:
        raise
    except FileNotFoundError:
        raise WorkloadError(f"{path} does not exist") from None
    except (IsADirectoryError, PermissionError) as error:
        raise WorkloadError(f"{path} cannot be read ({error.strerror})") from None
    except MemoryError as error:
        raise WorkloadError(f"{path} does not fit in memory ({error}); use a machine with more") from None
    except _DAMAGE as error:
        raise WorkloadError(
            f"{path} cannot be read as {what} ({error}). It may be damaged, truncated, or hold Python objects, which "
            "are never loaded; write plain arrays with numpy.save (.npy) or numpy.savez (.npz)"
        ) from error
