"""What was done, from the integers and the list of all messages: docs/machine.md, "Counts"."""

from __future__ import annotations

from collections import Counter

from oracle.costs import cost_of
from oracle.machine import is_delta, up, way

MASK = 2**64 - 1


def counts_of(machine, steps, run):
    """[frame][core] {column: count or time}."""
    rows = [[Counter() for _ in machine.cores] for _ in steps]
    for frame, of_layers in enumerate(steps):
        for core in machine.cores:
            row = rows[frame][core.number]
            row.update(vars(run.times[core.number][frame]))
            _count_scan(machine, core, of_layers[core.layer], row, fresh=frame == 0 or not is_delta(machine))
        _count_layers(machine, steps, frame, rows[frame])
    _count_sent(machine, run, rows)
    _count_served(machine, run, rows)
    for pair, queue in zip(machine.pairs, run.queues, strict=True):
        _count_peaks(queue, [row[pair.receiver] for row in rows])
    return rows


def _count_scan(machine, core, step, row, fresh):
    layer, network = machine.layers[core.layer], machine.network
    channels, word = layer.sent_shape[2], core.timing.state_memory.word_bits
    looks = {neuron: len(layer.looks[neuron // channels]) for neuron in core.neurons}
    updated = [neuron for neuron in core.neurons if step.updated[neuron]]
    sent = [neuron for neuron in core.neurons if neuron in step.sent]
    row["accesses"] = sum(looks.values())
    row["updates"] = len(updated)
    row["fires"] = row["values_out"] = len(sent)
    row["l1_out"] = sum(abs(step.sent[neuron]) for neuron in sent)
    row["nonzero"] = sum(neuron in step.nonzero for neuron in core.neurons)
    row["off_chip_reads"] = core.fetched
    if core.layer:
        row["state_reads"] += up(sum(looks[neuron] for neuron in updated) * network.accumulator_bits, word)
        if fresh:
            row["state_writes"] += up(core.accumulators * network.accumulator_bits, word)
    if is_delta(machine) and not layer.is_last:
        row["state_reads"] += up(len(updated) * network.activation_bits, word)
        row["state_writes"] += len(sent)


def _count_layers(machine, steps, frame, rows):
    """What is said of a layer as a whole, in the row of its first part."""
    before_it = 0
    for index, layer in enumerate(machine.layers):
        row = next(rows[core.number] for core in machine.cores if core.layer == index)
        step = steps[frame][index]
        row["saturations"], row["accumulator_clips"] = step.saturations, step.clips
        row["accumulator_peak"] = step.peak
        digest = sum(s * key(before_it + i) for i, s in enumerate(step.integers)) & MASK
        row["digest"] = digest - 2**64 if digest >> 63 else digest
        before_it += len(step.integers)
        if not is_delta(machine) or layer.is_last:
            continue
        now = step.integers
        then = steps[frame - 1][index].integers if frame else [0] * len(now)
        norm, norm_then = sum(map(abs, now)), sum(map(abs, then))
        row["s_l1"] = norm
        row["s_square"] = sum(s * s for s in now)
        row["s_product"] = sum(s * old for s, old in zip(now, then, strict=True))
        row["s_distance"] = sum(abs(s * norm_then - old * norm) for s, old in zip(now, then, strict=True))


def key(number):
    """splitmix64's output for its state (number + 1) * 0x9E3779B97F4A7C15, the lowest bit set."""
    z = (number + 1) * 0x9E3779B97F4A7C15 & MASK
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & MASK
    z = (z ^ z >> 27) * 0x94D049BB133111EB & MASK
    return z ^ z >> 31 | 1


def sends_of(run):
    """Messages and tokens with all their copies."""
    sends = {}
    for queue in run.queues:
        for copy in queue.copies:
            sends.setdefault(copy.serial, []).append(copy)
    return sends.values()


def _count_sent(machine, run, rows):
    for copies in sends_of(run):
        first = copies[0]
        sender = machine.cores[machine.pairs[first.pair].sender]
        row, flits = rows[first.frame][sender.number], _flits(machine, first)
        row["tokens_out" if first.token else "messages_out"] += 1
        hops = {hop for copy in copies for hop in way(machine, copy.pair)}
        east_west = sum(a[1] == b[1] for a, b in hops)
        row["flit_hops_ew"] += flits * east_west
        row["flit_hops_ns"] += flits * (len(hops) - east_west)
        row["flits_local"] += flits * sum(not way(machine, copy.pair) for copy in copies)


def _count_served(machine, run, rows):
    for pair, queue in zip(machine.pairs, run.queues, strict=True):
        streams = machine.cores[pair.receiver].streams
        for copy in queue.copies:
            if copy.token:
                continue
            cost, row = cost_of(machine, pair, copy.neuron, copy.value), rows[copy.frame][pair.receiver]
            row["messages_in"] += 1
            row["adds"] += cost.adds
            row["multiplies"] += cost.multiplies
            row["off_chip_weight_reads" if streams else "weight_reads"] += cost.weight_words
            row["state_reads"] += cost.state_words
            row["state_writes"] += cost.state_words


def _count_peaks(queue, rows):
    """At each sending: those of this pair, this one included, whose service does not start before that."""
    begun = 0
    for place, copy in enumerate(queue.copies):
        while queue.copies[begun].start < copy.sent:
            begun += 1
        row = rows[copy.frame]
        row["queue_peak"] = max(row["queue_peak"], min(place + 1 - begun, queue.depth))


def flows_of(machine, run, frames):
    """[frame][link] (messages, flits, time taken, time waited, most in the buffer)."""
    rows = [[[0] * 5 for _ in machine.links] for _ in range(frames)]
    for copies in sends_of(run):
        first = copies[0]
        for hop in {hop for copy in copies for hop in way(machine, copy.pair)}:
            row = rows[first.frame][machine.links.index(hop)]
            for place, more in enumerate((1, _flits(machine, first), machine.flits_fs(first.token))):
                row[place] += more
    if run.mesh:
        for place, found in ((3, run.mesh.waits), (4, run.mesh.peaks)):
            for (frame, link), value in found.items():
                rows[frame][link][place] = value
    return rows


def _flits(machine, copy):
    return machine.token_flits if copy.token else machine.message_flits
