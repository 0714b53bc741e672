"""Compiled inner loops of the fast engine: what the messages of one frame make the receiver at the end of a link do."""

from __future__ import annotations

import numpy as np

from simulator.arrays import NetworkArrays, Slots, Timing, ValueState
from simulator.kernels_messages import signed_digits
from workloads.compiled import inlined


@inlined
def count_link(
    net: NetworkArrays, timing: Timing, state: ValueState, slots: Slots, slot: int, core: int, link: int
) -> None:
    """Fill a link's counts from how many messages each pixel of its sender, `core`, sends and how far they reach."""
    begin, hits_begin, sent = net.pixel[core], net.hits_begin[link], net.sent[core]
    row, channels = timing.service_row[link], net.link_channels[link]
    messages, adds, synapses, macs = np.int64(0), np.int64(0), np.int64(0), np.int64(0)
    weight_words, state_words = np.int64(0), np.int64(0)
    j = 0
    for pixel in range(net.pixel[core + 1] - begin):
        count = np.int64(slots.pixel_messages[slot, begin + pixel])
        reach = net.hits[hits_begin + pixel]
        if count > 0 and reach > 0:
            units, digits = count, count
            if net.unary:
                units = np.int64(0)
                for n in range(count):
                    units += abs(np.int64(slots.value[slot, sent + j + n]))
                digits = units
            elif net.count_digits:
                digits = np.int64(0)
                for n in range(count):
                    digits += signed_digits(slots.value[slot, sent + j + n])
            messages += units
            adds += digits * reach
            synapses += units * reach
            macs += count * reach
            weight_words += units * timing.weight_words[row + reach]
            state_words += units * timing.state_words[row + reach]
        j += count
    slots.link_messages[slot, link] = messages
    slots.link_adds[slot, link] = adds * channels
    slots.link_synapses[slot, link] = synapses * channels
    slots.link_weight_words[slot, link], slots.link_state_words[slot, link] = weight_words, state_words
    state.macs[link] = macs * channels
