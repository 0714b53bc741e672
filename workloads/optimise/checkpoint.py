"""Where a search stands, in a file that is written whole or not at all, and what search it belongs to."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from workloads.content_hash import content_sha256, hashed_fields
from workloads.errors import WorkloadError
from workloads.frames.archives import read_archive
from workloads.graphs.graph import Preprocessing
from workloads.integer.float_layers import FloatLayer
from workloads.optimise.settings import ScaleSearch, SenderCost

FORMAT: Final = "deltasim/scale-search/2"


@dataclass(frozen=True, eq=False)
class Progress:
    """A search after some epochs.

    `kappas`: log scales now, (searches, width) float32 per slot. `errors`, `operations`: (epochs, searches) float64,
    epoch 0 (the start) included. `scales`: k of each sender after each epoch, (epochs, searches, senders) float64.
    """

    kappas: tuple[NDArray[np.float32], ...]
    errors: NDArray[np.float64]
    operations: NDArray[np.float64]
    scales: NDArray[np.float64]

    @property
    def epochs(self) -> int:
        """How many are done, the start being one."""
        return len(self.errors)

    def after(
        self,
        kappas: Sequence[NDArray[np.float32]],
        error: NDArray[np.float64],
        operations: NDArray[np.float64],
        scales: NDArray[np.float64],
    ) -> Progress:
        """This progress and one epoch more."""
        return Progress(
            tuple(kappas),
            np.concatenate([self.errors, error[None]]),
            np.concatenate([self.operations, operations[None]]),
            np.concatenate([self.scales, scales[None]]),
        )


def not_begun(kappas: tuple[NDArray[np.float32], ...], senders: int) -> Progress:
    """No epoch is done, not even the start's."""
    searches = len(kappas[0])
    return Progress(kappas, np.empty((0, searches)), np.empty((0, searches)), np.empty((0, searches, senders)))


def identity_of(
    settings: ScaleSearch,
    layers: Sequence[FloatLayer],
    preprocessing: Preprocessing,
    costs: Sequence[SenderCost],
    frames: NDArray[np.uint8],
) -> dict[str, str]:
    """Everything that decides a search's bits, by a name that people know."""
    identity = {name: repr(getattr(settings, name)) for name in hashed_fields(ScaleSearch)}
    identity["network"] = content_sha256((layers, preprocessing))
    identity["costs"] = content_sha256(costs)
    identity["frames"] = content_sha256(frames)
    identity["version of JAX"] = f"{version('jax')}, jaxlib {version('jaxlib')}"
    identity["version of deltasim"] = version("deltasim")
    return identity


def write_checkpoint(path: Path, identity: dict[str, str], progress: Progress) -> None:
    """Put progress at `path`, replacing what is there in one step. Raises WorkloadError if it cannot be written."""
    arrays: dict[str, Any] = {f"kappa_{slot}": kappa for slot, kappa in enumerate(progress.kappas)}
    arrays |= {"errors": progress.errors, "operations": progress.operations, "scales": progress.scales}
    names = {f"of {name}": np.array(value) for name, value in identity.items()}
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        with unfinished.open("wb") as file:
            np.savez(file, allow_pickle=False, format=np.array(FORMAT), **names, **arrays)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError as error:
        raise WorkloadError(f"checkpoint {path} cannot be written ({error.strerror}); choose another place") from None


def read_checkpoint(path: Path, identity: dict[str, str], start: Progress) -> Progress:
    """The progress at `path`, or `start` if there is no such file.

    Raises WorkloadError, naming what differs, if it is that of another search, or damaged.
    """
    if not path.exists():
        return start
    arrays = read_archive(path)
    if str(arrays.get("format")) != FORMAT:
        raise WorkloadError(f"{path} is no checkpoint of a search for scales; name another file, or remove it")
    saved = {name.removeprefix("of "): str(value) for name, value in arrays.items() if name.startswith("of ")}
    other = [name for name in {**identity, **saved} if saved.get(name) != identity.get(name)]
    if other:
        told = [_difference(name, saved.get(name, "none"), identity.get(name, "none")) for name in other]
        raise WorkloadError(
            f"checkpoint {path} is of another search: {'; '.join(told)}. Name another file, or remove it to start anew"
        )
    kappas = tuple(arrays[f"kappa_{slot}"] for slot in range(len(start.kappas)))
    return Progress(kappas, arrays["errors"], arrays["operations"], arrays["scales"])


def _difference(name: str, saved: str, wanted: str) -> str:
    if name in {"network", "frames", "costs"}:
        return f"other {name}"
    return f"{name} {saved} there, {wanted} here"
