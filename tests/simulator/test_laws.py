"""Laws that every run keeps: layers on several cores, links shared or not, weights from off-chip memory or not."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from random_cases import cases
from small_chips import CHIP, CORE, chain, frames, with_core

from hwmodels import ACTION_COLUMNS, action_prices, chip_of, load_accelerator, price
from hwmodels.encodings import ENCODINGS
from hwmodels.records import ACTIONS, COLUMNS, COUNTS, LINK_COLUMNS, OF_THE_LAYER
from simulator import Arrival, Placement, simulate

COUNTED = [COLUMNS.index(column.name) for column in COUNTS]
CROSSED = [LINK_COLUMNS.index(name) for name in ("messages", "flits", "busy_fs")]
any_case = cases(splits=True) | cases(branches=True, splits=True)


def run(case, **changes):
    """The case with other fields; integers and messages kept."""
    network, given_frames, chip, mode, arrival, mapping = case._replace(**changes)
    kept = {"keep_integers": True, "record_messages": True}
    return simulate(network, given_frames, chip, mode, arrival=arrival, mapping=mapping, **kept)


def columns(result):
    """(frames, cores) of every count and time."""
    return {name: result.counts[..., place] for place, name in enumerate(COLUMNS)}


def on_links(result):
    """(frames, mesh links) of everything said of them."""
    return {name: result.mesh[..., place] for place, name in enumerate(LINK_COLUMNS)}


def by_layer(result):
    """Columns summed over each layer's cores: (frames, layers)."""
    ranges = [slice(*layer.cores) for layer in result.plan.layers]
    return {
        name: np.stack([values[:, each].sum(axis=1) for each in ranges], axis=1)
        for name, values in columns(result).items()
    }


# --- what is sent is received


@settings(max_examples=60)
@given(any_case)
def test_messages_sent_are_received_and_counted_once_at_their_sender(case):
    one_by_one, together = (run(case, chip=replace(case.chip, multicast=multicast)) for multicast in (False, True))
    for result in (one_by_one, together):
        table, shape = result.messages_table(), result.counts.shape[:2]
        received = np.zeros(shape, np.int64)
        np.add.at(received, (table["frame"], table["receiver"]), 1)
        np.testing.assert_array_equal(columns(result)["messages_in"], received)
        sent = np.zeros(shape, np.int64)
        if result is one_by_one:
            np.add.at(sent, (table["frame"], table["sender"]), 1)
            assert columns(result)["messages_out"].sum() == columns(result)["messages_in"].sum()
        else:  # of every neuron as many as any one of its receivers got
            copies = table.groupby(["frame", "sender", "neuron", "receiver"]).size()
            once = copies.groupby(["frame", "sender", "neuron"]).max().reset_index(name="messages")
            np.add.at(sent, (once["frame"], once["sender"]), once["messages"])
        np.testing.assert_array_equal(columns(result)["messages_out"], sent)
    for name in ("messages_in", "values_out", "adds", "digest"):
        np.testing.assert_array_equal(columns(one_by_one)[name], columns(together)[name], err_msg=name)


@settings(max_examples=60)
@given(any_case)
def test_flits_on_the_links_are_the_flits_that_cores_sent_times_hops(case):
    result = run(case)
    plan, links, cores = result.plan, on_links(result), columns(result)
    east_west = np.array([link.east_west for link in plan.mesh], bool)
    np.testing.assert_array_equal(links["flits"][:, east_west].sum(axis=1), cores["flit_hops_ew"].sum(axis=1))
    np.testing.assert_array_equal(links["flits"][:, ~east_west].sum(axis=1), cores["flit_hops_ns"].sum(axis=1))
    np.testing.assert_array_equal(links["busy_fs"], links["flits"] * case.chip.flit_fs)
    if not plan.schedule.sends_tokens:
        np.testing.assert_array_equal(links["flits"], links["messages"] * plan.message_flits)


# --- how a network is laid out changes no integer and no work but what is computed twice


@settings(max_examples=60)
@given(any_case)
def test_a_split_changes_no_integer_and_adds_only_where_bands_overlap(case):
    """Bands overlap where pooling windows cross their edges; then both cores add. Ranges of channels never do."""
    split, whole = run(case), run(case, mapping=None)
    np.testing.assert_array_equal(split.integers, whole.integers)
    parts, layers = by_layer(split), by_layer(whole)
    same = ("nonzero", "values_out", "l1_out", "accesses", "updates", "fires", *OF_THE_LAYER)
    for name in same:
        np.testing.assert_array_equal(parts[name], layers[name], err_msg=name)
    plan = split.plan
    for number, layer in enumerate(plan.layers):
        bands = {core.rows: core.accumulator_rows for core in plan.cores[slice(*layer.cores)]}
        overlap = sum(end - begin for begin, end in bands.values()) - layer.shape[0]
        assert overlap >= 0
        for name in ("adds", "multiplies"):
            more = parts[name][:, number] - layers[name][:, number]
            assert (more >= 0).all() if overlap and number else (more == 0).all(), name


@settings(max_examples=40)
@given(any_case, st.sampled_from(list(ENCODINGS)))
def test_the_encoding_changes_no_integer(case, encoding):
    """Of saturating accumulators it may: unary messages clip one by one."""
    network = replace(case.network, overflow="wrap")
    one, other = run(case, network=network), run(case, network=network, chip=replace(case.chip, encoding=encoding))
    np.testing.assert_array_equal(one.integers, other.integers)
    for name in ("values_out", "l1_out", "fires", "updates", *OF_THE_LAYER):
        np.testing.assert_array_equal(columns(one)[name], columns(other)[name], err_msg=name)


# --- queues and links change times, not work


@settings(max_examples=60)
@given(any_case)
def test_no_work_is_lost_when_queues_shrink(case):
    small = with_core(replace(case.chip, router_depth=1), queue_depth=1)
    large = with_core(replace(case.chip, router_depth=None), queue_depth=1000)
    one, other = run(case, chip=small), run(case, chip=large)
    np.testing.assert_array_equal(one.counts[..., COUNTED], other.counts[..., COUNTED])
    np.testing.assert_array_equal(one.mesh[..., CROSSED], other.mesh[..., CROSSED])
    np.testing.assert_array_equal(one.integers, other.integers)
    served = ["frame", "sender", "receiver", "neuron", "value"]
    tables = [result.messages_table()[served].sort_values(served, ignore_index=True) for result in (one, other)]
    assert tables[0].equals(tables[1])


@settings(max_examples=60)
@given(cases(), st.integers(1, 3), st.sampled_from([1, 2, 4]), st.sampled_from([0, 1, 3, 1000]), st.integers(0, 2))
def test_in_a_chain_more_hardware_never_makes_a_frame_later(case, lanes, link, depth, ports):
    """Provable for chains with a core for each layer, side by side: no link carries messages of two cores.

    Every core has one sender, so the order of all messages is given: of a frame's, that of the scan. Then every time is
    the latest of some earlier times, each plus a delay: a message leaves when its neuron has been scanned, the port is
    free of the message before, and the message `queue_depth` before it has been taken into service; it gets a link when
    it has come to it, the one before is over it, and the one `router_depth` before it has left the next buffer; it is
    served when it has arrived and the one before has been served. These are max-plus recurrences without any choice:
    shorter delays (lanes, ports, wider links) can only make such a time earlier, and deeper queues and buffers only
    put earlier times in the place of later ones.

    Where several flows share a receiver, a link or the off-chip port, the order depends on the times, and this is no
    proof (`tests/simulator/test_anomalies.py` has counterexamples).
    """
    chip = case.chip
    more = replace(
        chip,
        link_bits=chip.link_bits * link,
        router_depth=None if chip.router_depth is None else chip.router_depth + depth,
        cores=tuple(_more(core, lanes, depth, ports) for core in chip.cores),
    )
    before, after = run(case), run(case, chip=more)
    assert sum(len(send.mesh_links) for send in before.plan.sends) == len(before.plan.mesh)
    assert (columns(after)["update_end_fs"] <= columns(before)["update_end_fs"]).all()


def _more(core, lanes, depth, ports):
    """The core with more of everything."""
    weights, state = core.weight_memory, core.state_memory
    return replace(
        core,
        add_lanes=core.add_lanes * lanes,
        multiply_lanes=core.multiply_lanes + lanes,
        queue_depth=core.queue_depth + depth,
        weight_memory=replace(weights, ports=weights.ports + ports),
        state_memory=replace(state, ports=state.ports + ports),
    )


# --- time


@settings(max_examples=60)
@given(any_case)
def test_every_core_of_a_split_layer_accounts_for_all_its_time(case):
    """From the end of one update phase to that of the next, and what is done in it is what was counted."""
    result = run(case)
    at = columns(result)
    waits = ["starved_fs", "barrier_fs", "blocked_injection_fs", "blocked_queue_fs", "blocked_memory_fs"]
    parts = ["serve_busy_fs", "update_busy_fs", *waits]
    np.testing.assert_array_equal(sum(at[part] for part in parts), np.diff(at["update_end_fs"], axis=0, prepend=0))
    assert all(at[part].min(initial=0) >= 0 for part in parts)
    np.testing.assert_array_equal(at["update_busy_fs"], scan_fs(result))
    depths = [core.timing.queue_depth for core in result.plan.cores]
    incoming = [sum(link.receiver == core for link in result.plan.flows) for core in range(len(depths))]
    assert (at["queue_peak"] <= np.array(depths)).all()
    assert (at["queue_peak"][:, np.array(incoming) == 0] == 0).all()


def scan_fs(result):
    """(frames, cores) how long the scan takes from its counts: fetch, access, update, fire, encode."""
    at, cores = columns(result), result.plan.cores
    timings = [core.timing for core in cores]
    return (
        np.array([core.fetch_fs for core in cores])
        + at["accesses"] * np.array([timing.access_fs for timing in timings])
        + at["updates"] * np.array([timing.update_fs for timing in timings])
        + at["fires"] * np.array([timing.fire_fs for timing in timings])
        + at["messages_out"] * np.array([timing.encode_fs for timing in timings])
    )


def critical_path_fs(result, chip):
    """(frames, cores) when the update phase can end at the earliest after the frame began; frames arrive one by one.

    A core's receive phase ends no earlier than (1) a sender's scan, and then its token has come all the way (or the
    barrier has opened); and (2) a sender has scanned, fired and encoded a first neuron, that message has come, and this
    and all others have been served one by one. Then it scans itself. So along every path of cores the scans and the
    ways add up, and on the last core, if that is longer, all service.
    """
    plan, at, scans = result.plan, columns(result), scan_fs(result)
    begins, ends = np.zeros_like(scans), scans.copy()
    opens_fs = 0 if plan.schedule.sends_tokens else plan.release_fs[0]
    ways = [[] for _ in plan.cores]
    for link in plan.flows:
        ways[link.receiver].append(link)
    for core in sorted(range(len(plan.cores)), key=lambda each: plan.cores[each].level):
        firsts = []
        for link in ways[core]:
            sender = plan.cores[link.sender]
            timing = sender.timing
            hops = link.hops_ew * chip.hop_ew_fs + link.hops_ns * chip.hop_ns_fs
            first = timing.access_fs + timing.update_fs + timing.fire_fs + timing.encode_fs + plan.message_fs + hops
            firsts.append(begins[:, link.sender] + sender.fetch_fs + first)
            after = plan.token_fs + hops if plan.schedule.sends_tokens else opens_fs
            begins[:, core] = np.maximum(begins[:, core], ends[:, link.sender] + after)
        if firsts:
            served = np.minimum.reduce(firsts) + at["serve_busy_fs"][:, core] + opens_fs
            begins[:, core] = np.where(
                at["messages_in"][:, core] > 0, np.maximum(begins[:, core], served), begins[:, core]
            )
        ends[:, core] = begins[:, core] + scans[:, core]
    return ends


@settings(max_examples=60)
@given(any_case)
def test_no_frame_is_faster_than_its_critical_path(case):
    """Nor than the work of its busiest core, shared link, or off-chip port."""
    case = case._replace(arrival=Arrival("serial", case.arrival.interval_fs))
    result = run(case)
    plan, at = result.plan, columns(result)
    begun = at["update_start_fs"][:, slice(*plan.layers[0].cores)].min(axis=1, keepdims=True)
    took = at["update_end_fs"] - begun
    assert (took >= critical_path_fs(result, case.chip)).all()
    latency = took.max(axis=1)
    assert (latency >= (at["serve_busy_fs"] + at["update_busy_fs"]).max(axis=1)).all()
    assert (latency >= at["off_chip_weight_reads"].sum(axis=1) * case.chip.stream_word_fs).all()
    if plan.shared:
        assert (latency[:, np.newaxis] >= on_links(result)["busy_fs"]).all()


def test_the_critical_path_is_reached_where_nothing_waits():
    """One message down a chain of three: every core scans, sends, and serves one message."""
    chip = with_core(replace(CHIP, synchronisation="barrier", barrier_fs=((4, 17),)))
    result = simulate(chain(1, 1, 1), frames([1]), chip)
    ends = critical_path_fs(result, chip)[0]
    scan, service = CORE.access_fs + CORE.fire_fs + CORE.encode_fs, CORE.decode_fs + CORE.add_fs
    way = CHIP.flit_fs + CHIP.hop_ew_fs
    assert ends.tolist() == columns(result)["update_end_fs"][0].tolist()
    assert ends.tolist() == [scan, 2 * scan + way + service + 17, 2 * (scan + way + service + 17) + CORE.access_fs]


# --- prices


@cache
def priced_chip():
    """Two kinds of core at different prices, so that it matters where a part stands."""
    record = load_accelerator("horowitz-45nm").model_dump(by_alias=True, mode="json")
    dear = {**record["core"], "name": "dear", "count": 3, "decode": {**record["core"]["decode"], "energy_pj": 9.25}}
    leakage = {"core_mw": "0.3 mW", "chip_mw": "1.7 mW", "unused_core_mw": "0.1 mW"}
    kinds = {"cores": [dear], "leakage": leakage}
    return type(load_accelerator("horowitz-45nm")).model_validate({**record, **kinds})


@settings(max_examples=20)
@given(st.permutations(range(8)), st.lists(st.integers(1, 3), min_size=3, max_size=3), st.integers(0, 255))
def test_energies_of_a_split_run_add_up_by_core_and_by_layer(order, channels, pixel):
    """Every part pays the prices of the core it stands on, and no attojoule depends on how they are added up."""
    accelerator, network = priced_chip(), chain(3, 3, 3)
    channels = channels if sum(channels) <= len(order) else [2, 3, 3]
    firsts = np.cumsum([0, *channels])
    names = ["input", "fc1", "fc2"]
    mapping = tuple(
        Placement(name, tuple(order[first : first + parts]), channels=parts)
        for name, first, parts in zip(names, firsts[:-1].tolist(), channels, strict=True)
    )
    result = simulate(network, frames([pixel, 1, 0], [3, 3, 3]), chip_of(accelerator), mapping=mapping)
    positions = [core.position for core in result.plan.cores]
    table = result.counts_table()
    energies = price(table, accelerator, positions)
    parts = [column.name for column in ACTION_COLUMNS]
    by_hand = table[[action.column for action in ACTIONS]].to_numpy()
    by_hand = by_hand * action_prices(accelerator)[[positions[core] for core in table["core"]]]
    np.testing.assert_array_equal(energies[parts].to_numpy()[: len(table)], by_hand)
    sums = [energies.groupby(key)["total_aj"].sum().sum() for key in ("core", "layer", "frame")]
    assert sums == [energies["total_aj"].sum()] * 3
    per_core = energies.groupby(["layer", "core"])[parts].sum().groupby("layer").sum()
    per_layer = energies.groupby("layer")[parts].sum()
    assert per_core.equals(per_layer)
