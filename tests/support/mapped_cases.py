"""What every mapping has to keep."""

from __future__ import annotations

import numpy as np

from simulator.placement.dense_frame import parts_of
from simulator.placement.mapping import (
    is_grouped,
    mapping_problems,
    part_state_bits,
    part_weight_bits,
    sent_map,
)


def assert_mapped(network, chip, mapping):
    assert mapping_problems(network, chip, mapping) == []
    for layer, placement in enumerate(mapping):
        sent = np.zeros(sent_map(network, layer), int)
        for part, core in zip(parts_of(network, layer, placement), placement.cores, strict=True):
            sent[slice(*part.rows), :, slice(*part.channels)] += 1
            weights, state = chip.cores[core].weight_memory.capacity_bits, chip.cores[core].state_memory.capacity_bits
            assert state is None or part_state_bits(network, layer, part.rows, part.channels) <= state
            if not chip.stream_word_bits:
                assert weights is None or part_weight_bits(network, layer, part.channels) <= weights
        assert (sent == 1).all()
        assert placement.channels == 1 or not is_grouped(network, layer)
        assert len(placement.cores) == 1 or network.overflow == "wrap"
