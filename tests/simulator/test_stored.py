"""Traces on disk: read back, they give what was found, on any chip, and a damaged one is refused."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_cases import cases
from small_chips import CHIP, chain, frames

from simulator import Arrival, SimulationError, advance, checkpoint, mode_named, plan_network, restore, start
from simulator.fast import functions_of
from simulator.values.stored import Ring, StoredFile, StoredIntegers, TraceWriter


def blocks_of(count, size):
    return [range(first, min(first + size, count)) for first in range(0, count, size)]


def keep(state, pixels, path, size):
    """Run through all frames, `size` at a time; keep the trace of the one function in files of two blocks each."""
    (source,), files, blocks = state.sources, [], []
    parts = blocks_of(len(pixels), size)
    for number in range(0, len(parts), 2):
        file = path / f"{number}.arrow"
        writer = TraceWriter(file, source.network)
        for part in parts[number : number + 2]:
            blocks += advance(state, pixels[part.start : part.stop], record_messages=True)
            writer.write(source.trace, part)
        writer.close()
        there = range(parts[number].start, parts[number : number + 2][-1].stop)
        files.append(StoredFile(file, there.start, len(there), hashlib.sha256(file.read_bytes()).hexdigest()))
    return files, [*blocks, *advance(state, pixels[:0], last=True, record_messages=True)]


def same(some, others):
    for name in ("counts", "mesh", "outputs", "messages"):
        np.testing.assert_array_equal(
            *(np.concatenate([getattr(each, name) for each in all_]) for all_ in (some, others))
        )


@settings(max_examples=60)
@given(
    cases() | cases(branches=True) | cases(splits=True) | cases(branches=True, splits=True),
    st.integers(1, 3),
    st.integers(1, 4),
)
def test_what_is_read_back_is_what_was_found(case, size, other):
    """In blocks of another size too, begun anew from a checkpoint before every block."""
    network, given_frames, chip, mode, arrival, mapping = case
    plan = plan_network(network, chip, mode_named(mode), mapping)
    with TemporaryDirectory() as folder:
        files, found = keep(start(network, plan, arrival, block=size), given_frames, Path(folder), size)
        read, saved = [], None
        for part in [*blocks_of(len(given_frames), other), range(0)]:
            state = start(network, plan, arrival, block=other, stored={_function(network, plan): files})
            if saved is not None:
                restore(state, saved)
            read += advance(state, len(part), last=not len(part), record_messages=True)
            saved = checkpoint(state)
    same(read, found)


def _function(network, plan):
    return functions_of(network, [plan])[0]


@settings(max_examples=40)
@given(cases() | cases(branches=True), st.integers(1, 3))
def test_one_trace_serves_all_networks_of_its_precision_on_another_chip(case, size):
    network, given_frames, chip, _, arrival, mapping = case
    network = replace(network, overflow="wrap")
    sent = ("original", "original_sparse", "temporal_difference")
    modes = sent if network.precision == "full" else ("rounding", "sigma_delta")
    slower = replace(chip, cores=tuple(replace(core, update_fs=core.update_fs + 7, add_lanes=1) for core in chip.cores))
    with TemporaryDirectory() as folder:
        first = plan_network(network, chip, mode_named(modes[0]), mapping)
        files, _ = keep(start(network, first, arrival, block=size), given_frames, Path(folder), size)
        plans = [plan_network(network, slower, mode_named(mode), mapping) for mode in modes]
        state = start(network, plans, arrival, block=size, stored={_function(network, first): files})
        read = [advance(state, len(part), record_messages=True) for part in blocks_of(len(given_frames), size)]
        read.append(advance(state, 0, last=True, record_messages=True))
    for plan, own in zip(plans, zip(*read, strict=True), strict=True):
        alone = start(network, plan, arrival, block=size)
        parts = blocks_of(len(given_frames), size)
        fresh = [
            b for part in parts for b in advance(alone, given_frames[part.start : part.stop], record_messages=True)
        ]
        same(own, [*fresh, *advance(alone, given_frames[:0], last=True, record_messages=True)])


@pytest.fixture
def stored(tmp_path):
    network = chain(2, 3, 1)
    plan = plan_network(network, CHIP, mode_named("sigma_delta"))
    pixels = frames([1, 2], [3, 4], [5, 6])
    files, _ = keep(start(network, plan, Arrival(), block=1), pixels, tmp_path, 1)
    return network, _function(network, plan), files


def test_a_file_that_was_changed_is_refused(stored):
    network, function, files = stored
    content = bytearray(files[0].path.read_bytes())
    content[len(content) // 2] ^= 1
    files[0].path.write_bytes(content)
    with pytest.raises(
        SimulationError, match=r"0\.arrow: a file of a kept trace was changed; remove it, `deltasim traces"
    ):
        StoredIntegers(network, function, files, Ring(1)).find(1)


def test_a_file_that_is_gone_is_refused(stored):
    network, function, files = stored
    files[1].path.unlink()
    source = StoredIntegers(network, function, files, Ring(1))
    source.find(2)
    with pytest.raises(SimulationError, match=r"2\.arrow: a file of a kept trace can't be read"):
        source.find(1)


def test_a_frame_that_is_not_there_is_refused(stored):
    network, function, files = stored
    source = StoredIntegers(network, function, files, Ring(4))
    with pytest.raises(SimulationError, match="frame 3 of a kept trace is damaged \\(it is not there"):
        source.find(4)


def test_a_trace_of_another_network_is_refused(stored):
    _, function, files = stored
    with pytest.raises(SimulationError, match="remove it, `deltasim traces clear`, and run again"):
        StoredIntegers(chain(2, 3, 3, 1), function, files, Ring(1)).find(1)
