"""Which accumulators a message meets and which ones a neuron looks at, found by going through all of them."""

from __future__ import annotations

from workloads.integer.network import Map, MaxPooling, Synapses

Reach = list[list[tuple[int, int]]]


def reach_of(synapses: Synapses, sender: Map, receiver: Map) -> Reach:
    """For every neuron of the sender: the (accumulator, weight) pairs of its synapses, zero weights included."""
    weights = synapses.weights.tolist()
    if synapses.window is None:
        return [list(enumerate(row)) for row in weights]
    window = synapses.window
    inputs_of_group, outputs_of_group = sender[2] // window.groups, len(weights[0][0][0])
    reach: Reach = [[] for _ in range(sender[0] * sender[1] * sender[2])]
    for y in range(receiver[0]):
        for x in range(receiver[1]):
            for i in range(len(weights[0])):
                for k in range(len(weights[0][0])):
                    row = window.stride[0] * y + window.dilation[0] * i - window.padding[0]
                    column = window.stride[1] * x + window.dilation[1] * k - window.padding[1]
                    if not (0 <= row < sender[0] and 0 <= column < sender[1]):
                        continue
                    for c in range(sender[2]):
                        first = (y * receiver[1] + x) * receiver[2] + c // inputs_of_group * outputs_of_group
                        neuron = (row * sender[1] + column) * sender[2] + c
                        reach[neuron] += [(first + o, weights[c][i][k][o]) for o in range(outputs_of_group)]
    return reach


def pooled_positions(pool: MaxPooling | None, shape: Map, sent: Map) -> list[list[int]]:
    """For every pixel sent: the pixels of accumulators it looks at, itself alone where there is no pooling."""
    if pool is None:
        return [[pixel] for pixel in range(sent[0] * sent[1])]
    positions = []
    for y in range(sent[0]):
        for x in range(sent[1]):
            rows = [pool.stride[0] * y + pool.dilation[0] * i - pool.padding[0] for i in range(pool.kernel[0])]
            columns = [pool.stride[1] * x + pool.dilation[1] * k - pool.padding[1] for k in range(pool.kernel[1])]
            inside = [(r, c) for r in rows for c in columns if 0 <= r < shape[0] and 0 <= c < shape[1]]
            positions.append([r * shape[1] + c for r, c in inside])
    return positions
