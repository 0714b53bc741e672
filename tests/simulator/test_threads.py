"""Neither the number of threads nor the way that products are made changes a bit."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from random_cases import cases
from small_chips import chain

from simulator import Arrival, advance, checkpoint, plan_network, restore, start
from simulator.bundles import bundle
from simulator.modes import mode_named
from simulator.values.products import NONE, SINGLE, dense_layer_of, dense_product, dense_products


def run(case, *, trace=True, **options):
    """All frames in one block, small work shared out as if it were large; returns the block and the state."""
    network, frames, chip, mode, _, mapping = case
    plan = plan_network(network, chip, mode_named(mode), mapping)
    state = start(network, plan, Arrival(), block=len(frames), keep_integers=True, **options)
    share_all(state)
    return advance(state, frames, record_messages=trace, last=True)[0], state


def same(one, other):
    for name in ("counts", "mesh", "outputs", "integers", "messages"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


def share_all(state):
    """Small work is shared out as if it were large."""
    (source,), (on_chip,) = state.sources, state.runs
    source.net = bundle(source.net._replace(macs_to_share=-1, neurons_to_share=-1))
    on_chip.maps = bundle(on_chip.maps._replace(neurons_to_share=-1))


@settings(max_examples=150, deadline=None)
@given(cases() | cases(branches=True) | cases(branches=True, splits=True), st.integers(2, 5))
def test_any_number_of_threads_gives_the_same(case, threads):
    one, _ = run(case, threads=1)
    several, _ = run(case, threads=threads)
    same(several, one)
    untraced, state = run(case, threads=threads, trace=False)  # then frames that are alone are timed side by side
    np.testing.assert_array_equal(untraced.counts, one.counts)
    _, in_order = run(case, threads=1, trace=False)
    for name, array in checkpoint(in_order).items():
        if ".times." in name:
            np.testing.assert_array_equal(checkpoint(state)[name], array, err_msg=name)


@settings(max_examples=30, deadline=None)
@given(cases() | cases(branches=True) | cases(splits=True), st.integers(1, 3), st.integers(1, 3))
def test_a_run_goes_on_with_another_number_of_threads(case, before, after):
    network, frames, chip, mode, _, mapping = case
    first, rest = frames[:1], frames[1:]
    plan = plan_network(network, chip, mode_named(mode), mapping)
    states = [start(network, plan, Arrival(), block=len(frames) + 1, threads=n) for n in (1, before, after)]
    for state in states:
        share_all(state)
    through, begun, resumed = states
    advance(through, first)
    advance(begun, first)
    restore(resumed, checkpoint(begun))
    one, other = (advance(state, rest, last=True)[0] for state in (through, resumed))
    np.testing.assert_array_equal(one.counts, other.counts)
    np.testing.assert_array_equal(one.outputs, other.outputs)


@settings(max_examples=60, deadline=None)
@given(cases() | cases(branches=True))
def test_dense_products_give_what_messages_give(case):
    messages, _ = run(case, threads=1, products="messages")
    dense, state = run(case, threads=2, products="dense")
    same(dense, messages)
    if len(case.frames):
        assert set(state.sources[0].dense) == set(np.flatnonzero(dense_products(case.network, "dense")).tolist())


@settings(max_examples=60, deadline=None)
@given(cases(branches=True), st.integers(0, 2**32 - 1))
def test_both_widths_of_dense_product_are_exact(case, seed):
    network = case.network
    rng = np.random.default_rng(seed)
    for core, (layer, kind) in enumerate(zip(network.layers, dense_products(network, "auto")[1:], strict=True), 1):
        if kind == NONE:
            continue
        sent = [network.sent_shape(each.source) for each in layer.synapses]
        integers = [rng.integers(-3, 4, int(np.prod(shape)), dtype=np.int32) for shape in sent]
        results = []
        for width in (SINGLE, SINGLE + 1):
            accumulator = np.empty(layer.accumulators, np.int32)
            dense_product(dense_layer_of(network, core, width), integers, accumulator)
            results.append(accumulator)
        np.testing.assert_array_equal(*results)


def test_no_float_product_where_it_is_not_proved_exact():
    network = chain(2, 1, weight=100)
    assert dense_products(network, "auto").tolist() == [NONE, SINGLE]
    assert dense_products(network, "messages").tolist() == [NONE, NONE]
    assert dense_products(chain(2, 1, weight=100, overflow="saturate"), "dense").tolist() == [NONE, NONE]
