"""Who is connected with whom inside two maps: synapses, and windows of pooling. Neurons go in (y, x, channel) order."""

from __future__ import annotations


def synapses_of(synapses, sender, layer):
    """For every neuron of the sender's map: [(accumulator, weight)], weights of 0 included."""
    out = [[] for _ in range(sender[0] * sender[1] * sender[2])]
    weights = synapses.weights.tolist()
    if synapses.window is None:
        for neuron, row in enumerate(weights):
            out[neuron] = list(enumerate(row))
        return out
    window = synapses.window
    per_group, taken = layer[2] // window.groups, sender[2] // window.groups
    for y, x, channel in places(layer):
        group, place = divmod(channel, per_group)
        for i in range(len(weights[0])):
            for j in range(len(weights[0][0])):
                row = y * window.stride[0] + i * window.dilation[0] - window.padding[0]
                column = x * window.stride[1] + j * window.dilation[1] - window.padding[1]
                if 0 <= row < sender[0] and 0 <= column < sender[1]:
                    for c in range(group * taken, (group + 1) * taken):
                        neuron = number(sender, row, column, c)
                        out[neuron].append((number(layer, y, x, channel), weights[c][i][j][place]))
    return out


def met(synapses, axis, place, held):
    """Along one axis: how many of the accumulators' positions `held` a position of the sender has synapses with."""
    if synapses.window is None:
        return 1
    window, kernel = synapses.window, synapses.weights.shape[1 + axis]
    begins = [position * window.stride[axis] - window.padding[axis] for position in held]
    return sum(place in range(begin, begin + kernel * window.dilation[axis], window.dilation[axis]) for begin in begins)


def windows_of(pool, shape, sent):
    """For every pixel sent: the pixels of accumulators it looks at."""
    if pool is None:
        return [[pixel] for pixel in range(sent[0] * sent[1])]
    return [
        [
            row * shape[1] + column
            for row in seen(pool, 0, y, shape[0])
            for column in seen(pool, 1, x, shape[1])
        ]
        for y in range(sent[0])
        for x in range(sent[1])
    ]  # fmt: skip


def seen(pool, axis, place, size):
    """Positions along an axis that one window looks at."""
    begin = place * pool.stride[axis] - pool.padding[axis]
    return [
        p for p in range(begin, begin + pool.kernel[axis] * pool.dilation[axis], pool.dilation[axis]) if 0 <= p < size
    ]


def places(shape):
    return [(y, x, c) for y in range(shape[0]) for x in range(shape[1]) for c in range(shape[2])]


def number(shape, y, x, c):
    return (y * shape[1] + x) * shape[2] + c
