"""A run's own traces, while it finds the integers: file after file beside its chunks, published when it is done."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltasim.experiment.frames_read import ReadFrames
from deltasim.experiment.job import Job
from deltasim.experiment.traces import (
    TraceUse,
    about_trace,
    find_trace,
    limit_bytes,
    publish,
    shown_of,
    trace_key,
)
from reports.run.atomic import sync
from simulator import FastState
from simulator.fast import functions_of
from simulator.values.finding import Finder
from simulator.values.stored import StoredFile, TraceWriter
from workloads import IntegerNetwork


@dataclass(frozen=True)
class Kept:
    """A function of the frames whose trace is kept: who finds it, under which key, and what its manifest says."""

    source: Finder
    key: str
    about: Mapping[str, Any]


class TraceKeeper:
    """Traces of some functions, in directory `folder`; file number i holds the frames of chunk i.

    What does not fit the limit of all traces is given up, and so is a trace whose first files are not there because
    the attempt that found them did not keep any.
    """

    def __init__(self, folder: Path, kept: Iterable[Kept], chunks: int) -> None:
        self.folder = folder
        self._kept = [each for each in kept if self._whole(each, chunks)]
        self._writers: dict[str, TraceWriter] = {}

    def begin(self, chunk: int) -> None:
        """Begin the files of a chunk."""
        for each in self._kept:
            place = self.folder / each.key
            place.mkdir(parents=True, exist_ok=True)
            self._writers[each.key] = TraceWriter(place / f".{_name(chunk)}", each.source.network)

    def add(self, frames: range) -> None:
        """Write frames that have just been found."""
        for each in self._kept:
            self._writers[each.key].write(each.source.trace, frames)

    def end(self, chunk: int) -> None:
        """Finish the files of a chunk: on return they survive a kill."""
        for each in list(self._kept):
            place = self.folder / each.key
            self._writers.pop(each.key).close()
            sync(place / f".{_name(chunk)}")
            (place / f".{_name(chunk)}").replace(place / _name(chunk))
            if sum(file.stat().st_size for file in place.iterdir()) > limit_bytes():
                shutil.rmtree(place)
                self._kept.remove(each)

    def publish(self, frames_of_chunks: list[range], shown: NDArray[np.uint8]) -> None:
        """Hand all traces over to those who come next."""
        for each in self._kept:
            place = self.folder / each.key
            files = [
                StoredFile(place / _name(number), frames.start, len(frames), "")
                for number, frames in enumerate(frames_of_chunks)
            ]
            publish(place, each.key, each.about, files, shown)

    def _whole(self, each: Kept, chunks: int) -> bool:
        place = self.folder / each.key
        for left in place.glob("*"):
            if left.name not in {_name(number) for number in range(chunks)}:
                left.unlink()
        return all((place / _name(number)).is_file() for number in range(chunks))


class RunTraces:
    """The traces of a run: what is read back of earlier runs, and what is kept for later ones."""

    def __init__(self, job: Job, networks: Mapping[str, IntegerNetwork], use: TraceUse) -> None:
        self.job = job
        self.networks = networks
        self.use = use
        self.functions = tuple(dict.fromkeys(functions_of(networks, job.plans)))
        off = use == "off"
        self.keys = (
            {} if off else {each: trace_key(networks[each.precision], each, job.frames) for each in self.functions}
        )
        found = {function: find_trace(key) for function, key in self.keys.items()}
        self.stored = {function: files for function, files in found.items() if files is not None}
        self._keeper: TraceKeeper | None = None

    @property
    def complete(self) -> bool:
        """Whether all integers are read back."""
        return len(self.stored) == len(self.functions)

    def shown(self) -> NDArray[np.uint8]:
        """The first frames, as an earlier run has read them."""
        return shown_of(self.keys[self.functions[0]])

    def begin(self, state: FastState, folder: Path, chunks: int) -> None:
        """Say who finds the integers, where files are put meanwhile, and how many chunks are done already."""
        if self.use == "keep":
            finders = [source for source in state.sources if isinstance(source, Finder)]
            self._keeper = TraceKeeper(folder, map(self._kept_of, finders), chunks)

    @contextmanager
    def chunk(self, number: int) -> Iterator[Callable[[range], None]]:
        """A function to say which frames have just been found; their file is whole behind."""
        if self._keeper is None:
            yield lambda _: None
            return
        self._keeper.begin(number)
        yield self._keeper.add
        self._keeper.end(number)

    def publish(self, frames_of_chunks: list[range], frames: ReadFrames) -> None:
        """Hand over what was kept."""
        if self._keeper is not None:
            self._keeper.publish(frames_of_chunks, frames.first())

    def _kept_of(self, source: Finder) -> Kept:
        about = about_trace(source.network, source.function, self.job.frames)
        return Kept(source, self.keys[source.function], about)


def _name(chunk: int) -> str:
    return f"{chunk:05d}.arrow"
