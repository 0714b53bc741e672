"""Windows along one axis, against going through every output, tap and position."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from workloads.integer.network import MaxPooling, Window
from workloads.integer.windows import (
    Axis,
    at_tap,
    first_tap,
    hits,
    hits_by_output,
    kernel_axis,
    looks,
    padding_after,
    pool_axis,
    reach,
    taps,
)

sizes = st.integers(1, 6)
axes = st.builds(Axis, kernel=sizes, stride=st.integers(1, 3), padding=st.integers(0, 4), dilation=st.integers(1, 3))


def places(windows: Axis, output: int) -> list[int]:
    """Where an output looks, by the definition."""
    return [windows.stride * output + windows.dilation * tap - windows.padding for tap in range(windows.kernel)]


@given(axes, sizes, st.integers(0, 6), st.integers(0, 6))
def test_looks_and_hits_count_the_taps_inside_the_map(windows: Axis, size: int, first: int, count: int) -> None:
    outputs = range(first, first + count)
    seen = {output: [place for place in places(windows, output) if 0 <= place < size] for output in outputs}
    numbers = np.arange(first, first + count)
    assert taps(windows, numbers).tolist() == [places(windows, output) for output in outputs]
    assert looks(windows, numbers, size).tolist() == [len(each) for each in seen.values()]
    met = [sum(place in each for each in seen.values()) for place in range(size)]
    assert hits(windows, numbers, size).tolist() == met
    if first == 0:
        table = [[seen[output].count(place) for place in range(size)] for output in outputs]
        assert hits_by_output(windows, count, size).tolist() == table


@given(axes, sizes, sizes)
def test_reach_and_padding_hold_all_taps_of_all_outputs(windows: Axis, outputs: int, size: int) -> None:
    """As tight as can be: the first tap is the first place, the last one the last."""
    every = [place for output in range(outputs) for place in places(windows, output)]
    assert first_tap(windows, outputs - 1) == min(places(windows, outputs - 1))
    assert reach(windows, outputs) == max(every) - min(every) + 1
    assert padding_after(windows, outputs, size) == max(0, max(every) - (size - 1))


@given(axes, sizes, sizes)
def test_what_a_tap_sees_of_a_padded_map_is_what_is_there(windows: Axis, outputs: int, size: int) -> None:
    after = padding_after(windows, outputs, size)
    padded = np.pad(np.arange(1, size + 1), (windows.padding, after))
    for tap in range(windows.kernel):
        there = [places(windows, output)[tap] for output in range(outputs)]
        assert padded[at_tap(windows, tap, outputs)].tolist() == [p + 1 if 0 <= p < size else 0 for p in there]


def test_axes_are_those_of_kernels_and_pools() -> None:
    window = Window(stride=(1, 2), padding=(3, 4), dilation=(5, 6))
    assert [kernel_axis(window, kernel, axis) for axis, kernel in enumerate((7, 8))] == [
        Axis(kernel=7, stride=1, padding=3, dilation=5),
        Axis(kernel=8, stride=2, padding=4, dilation=6),
    ]
    pool = MaxPooling(kernel=(7, 8), stride=(1, 2), padding=(3, 4), dilation=(5, 6))
    assert [pool_axis(pool, axis) for axis in (0, 1)] == [kernel_axis(window, 7, 0), kernel_axis(window, 8, 1)]
