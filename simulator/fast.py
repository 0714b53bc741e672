"""The fast engine: the integers of frames first, each distinct function of them once; then counts and times of every
network of Figure 1 that is run, on its chip.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from simulator.blocks import Arrival, Block
from simulator.chip_run import ChipRun, advance_chip, frames_underway, start_on_chip
from simulator.errors import SimulationError
from simulator.modes import addition_of
from simulator.placement.plan import Plan
from simulator.sharing import Team, usable_cores
from simulator.values.finding import Finder, start_finding
from simulator.values.function import IntegerFunction, function_of
from simulator.values.products import Products
from simulator.values.stored import Ring, StoredFile, StoredIntegers
from workloads.integer.network import IntegerNetwork

Frames = NDArray[np.uint8]
Arrays = dict[str, NDArray[np.generic]]


@dataclass(frozen=True)
class FastState:
    """Networks on a chip, underway: `runs[i]` follows the integers that `sources[of_run[i]]` finds."""

    sources: tuple[Finder | StoredIntegers, ...]
    runs: tuple[ChipRun, ...]
    of_run: tuple[int, ...]
    block: int

    @property
    def found(self) -> int:
        """Frames whose integers are known."""
        return int(self.sources[0].found[0])


def start(
    networks: IntegerNetwork | Mapping[str, IntegerNetwork],
    plans: Plan | Sequence[Plan],
    arrival: Arrival,
    *,
    block: int,
    keep_integers: bool = False,
    threads: int | None = None,
    products: Products = "auto",
    stored: Mapping[IntegerFunction, Sequence[StoredFile]] = MappingProxyType({}),
) -> FastState:
    """A run at time zero that will be fed at most `block` frames at a time.

    networks: one, or by precision. plans: of one network of Figure 1 or of several, in the order in which they are
    handed over. threads: how many share the work, all cores by default. products: whether sums are made message by
    message or by dense products; `auto` takes what is predicted to be faster. Neither changes any result. stored:
    traces of some functions, which are then read back instead of found.
    """
    plans = (plans,) if isinstance(plans, Plan) else tuple(plans)
    underway = max(frames_underway(plan, arrival) for plan in plans)
    functions = functions_of(networks, plans)
    team = Team(threads or usable_cores())
    sources: dict[IntegerFunction, Finder | StoredIntegers] = {}
    for function in functions:
        network = _network(networks, function.precision)
        if function in stored:
            files = stored[function]
            sources[function] = StoredIntegers(network, function, files, Ring(block, underway))
        elif function not in sources:
            sources[function] = start_finding(
                network,
                function,
                block=block,
                underway=underway,
                keep_integers=keep_integers,
                threads=team.size,
                products=products,
            )
    return FastState(
        sources=tuple(sources.values()),
        runs=tuple(
            start_on_chip(plan, arrival, sources[function].trace, carried=function.carried, team=team)
            for plan, function in zip(plans, functions, strict=True)
        ),
        of_run=tuple([*sources].index(function) for function in functions),
        block=block,
    )


def _network(networks: IntegerNetwork | Mapping[str, IntegerNetwork], precision: str) -> IntegerNetwork:
    return networks if isinstance(networks, IntegerNetwork) else networks[precision]


def functions_of(
    networks: IntegerNetwork | Mapping[str, IntegerNetwork], plans: Sequence[Plan]
) -> tuple[IntegerFunction, ...]:
    """The function of the frames that each plan's integers are."""
    return tuple(
        function_of(
            _network(networks, plan.mode.precision), changes=plan.mode.delta, addition=addition_of(plan.encoding)
        )
        for plan in plans
    )


def advance(
    state: FastState, frames: Frames | int, *, last: bool = False, record_messages: bool = False
) -> tuple[Block, ...]:
    """Simulate `frames` (n, pixels) uint8, or so many where all integers are read back, and return, of each network,
    the frames finished; `last` lets the pipeline run dry.
    """
    find(state, frames)
    return tuple(advance_chip(run, state.found, last=last, record_messages=record_messages) for run in state.runs)


def find(state: FastState, frames: Frames | int) -> None:
    """Find the integers of the next frames (n, pixels) uint8, in every function. So many frames are enough where all
    integers are read back.
    """
    count = frames if isinstance(frames, int) else len(frames)
    if count > state.block:
        raise SimulationError(f"a block of {count} frames, the run was started for {state.block} at a time")
    for source in state.sources:
        if isinstance(source, StoredIntegers):
            source.find(count)
        elif not isinstance(frames, int) and count:
            source.find(frames)


def checkpoint(state: FastState) -> Arrays:
    """All that changes, by name, copied; the same for any number of threads."""
    return {name: array.copy() for name, array in _changing(state)}


def restore(state: FastState, arrays: Arrays) -> None:
    """Bring a freshly started run back to where `checkpoint` left it; raises SimulationError where they don't match."""
    changing = dict(_changing(state))
    for name, target in changing.items():
        if name not in arrays or arrays[name].shape != target.shape or arrays[name].dtype != target.dtype:
            raise SimulationError(f"checkpoint does not belong to this run: {name} is missing or of another shape")
    for name, array in changing.items():
        array[...] = arrays[name]
    for run, number in zip(state.runs, state.of_run, strict=True):
        source = state.sources[number]
        if len(run.listing.integers) and isinstance(source, Finder):
            run.listing.integers[...] = source.state.integers


def _changing(state: FastState) -> Iterator[tuple[str, NDArray[np.generic]]]:
    for number, source in enumerate(state.sources):
        for name, array in source.changing():
            yield f"{number}.{name}", array
    for run, number in zip(state.runs, state.of_run, strict=True):
        for name, array in run.changing():
            yield f"{run.plan.mode.name}.{name}", array
        if isinstance(state.sources[number], StoredIntegers):  # else they are the finder's own
            yield f"{run.plan.mode.name}.integers", run.listing.integers


def blocks_of(frames: Iterable[Frames], size: int) -> Iterator[Frames]:
    """Cut a stream of frame arrays into arrays of at most `size` frames."""
    for array in frames:
        for begin in range(0, len(array), size):
            yield array[begin : begin + size]
