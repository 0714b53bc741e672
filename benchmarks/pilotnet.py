"""PilotNet's published event table, counted by the vendor's rule and by true fan-out: `python -m benchmarks.pilotnet`.

Shapes of every layer of the PilotNet networks of Intel's lava-dl, the table, and integer networks of those shapes.
Source of the table: lava-dl, tutorials/lava/lib/dl/slayer/pilotnet/train.ipynb, stored output, commit d825ac5.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hwmodels.prices.conventions import vendor_synops
from workloads import IntegerLayer, IntegerNetwork, Requantiser, Synapses, Window
from workloads.integer.unary import Relu


@dataclass(frozen=True)
class Layer:
    """A convolution (`kernel` not None) or a dense layer; `shape` is the map it sends, (height, width, channels)."""

    shape: tuple[int, int, int]
    kernel: tuple[int, int] | None = None
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Published:
    """One row of the table: means per frame, and the dense count of the notebook."""

    events: float
    synops: float
    activations: int
    dense: int


INPUT = (33, 100, 3)
CONVOLUTION = (3, 3)
SMALL = (
    Layer((16, 49, 24), CONVOLUTION, (2, 2)),
    Layer((7, 24, 36), CONVOLUTION, (2, 2)),
    Layer((4, 22, 64), CONVOLUTION, (2, 1), (1, 0)),
    Layer((2, 20, 64), CONVOLUTION),
    Layer((1, 1, 100)),
    Layer((1, 1, 50)),
    Layer((1, 1, 10)),
    Layer((1, 1, 1)),
)
INPUT_EVENTS, INPUT_ACTIVATIONS = 2475.93, 9900
TABLE = (
    Published(239.46, 133_700.12, 18_816, 534_600),
    Published(422.39, 19_395.86, 6_048, 1_524_096),
    Published(558.71, 121_649.28, 5_632, 1_741_824),
    Published(29.90, 321_818.47, 2_560, 3_244_032),
    Published(4.80, 2_989.97, 100, 256_000),
    Published(1.35, 240.00, 50, 5_000),
    Published(0.16, 13.46, 10, 500),
    Published(0.44, 0.16, 1, 10),
)
# By shapes: the padding of the third convolution is multiplied, too, in the first and the last of its four rows.
# Synapses there are 10 in 12.
MACS = (508_032, 1_306_368, 1_824_768, 1_474_560, 256_000, 5_000, 500, 10)
SYNAPSES = (508_032, 1_306_368, 1_520_640, 1_474_560, 256_000, 5_000, 500, 10)

FULL_INPUT = (66, 200, 3)
FULL = (
    Layer((32, 99, 24), CONVOLUTION, (2, 2)),
    Layer((15, 49, 36), CONVOLUTION, (2, 2)),
    Layer((7, 24, 48), CONVOLUTION, (2, 2)),
    Layer((4, 22, 64), CONVOLUTION, (2, 1), (1, 0)),
    Layer((2, 20, 64), CONVOLUTION),
    *SMALL[4:],
)
FULL_MACS = (2_052_864, 5_715_360, 2_612_736, 2_433_024, 1_474_560, 256_000, 5_000, 500, 10)
FULL_SYNAPSES = (*FULL_MACS[:3], 2_027_520, *FULL_MACS[4:])


def main() -> None:
    """Print Markdown: per layer the published numbers, the vendor's rule and true fan-out of the same events."""
    headings = (
        "events in",
        "published",
        "vendor's rule",
        "true",
        "dense: notebook",
        "by shapes",
        "synapses",
    )
    print(f"| layer | {' | '.join(headings)} |\n| --- {'| ---: ' * len(headings)}|")
    senders, events, sums = INPUT_ACTIVATIONS, INPUT_EVENTS, [0.0] * len(headings)
    for number, (layer, row) in enumerate(zip(SMALL, TABLE, strict=True)):
        true = events * SYNAPSES[number] / senders
        values = (events, row.synops, vendors_rule(events, layer), true, row.dense, MACS[number], SYNAPSES[number])
        sums = [a + b for a, b in zip(sums, values, strict=True)]
        print(f"| {number + 1} | {' | '.join(f'{value:,.0f}' for value in values)} |")
        senders, events = row.activations, row.events
    print(f"| all | {' | '.join(f'{value:,.0f}' for value in sums)} |")
    _, published, _, true, notebook, shapes, synapses = sums
    print(f"\nnotebook / published: {notebook / published:.2f}, by shapes / published: {shapes / published:.2f}")
    print(f"synapses / true: {synapses / true:.2f}")


def vendors_rule(events: float, layer: Layer) -> float:
    """Synaptic operations that the notebook gives a layer for the events it receives."""
    return vendor_synops(events, layer.shape[2], layer.kernel or (1, 1), layer.stride)


def integer_network(input_shape: tuple[int, int, int], layers: tuple[Layer, ...], seed: int = 1) -> IntegerNetwork:
    """Those layers with random weights, whose activations neither all vanish nor all saturate."""
    random = np.random.default_rng(seed)
    made, before = [], input_shape
    for number, layer in enumerate(layers, start=1):
        made.append(_integer_layer(random, number, layer, before, last=number == len(layers)))
        before = layer.shape
    return IntegerNetwork(
        name="pilotnet",
        precision="scaled",
        input_shape=input_shape,
        input_requantiser=_divide_by(16),
        layers=tuple(made),
        weight_bits=8,
        activation_bits=8,
        accumulator_bits=32,
        overflow="wrap",
        scales=(1.0,) * len(layers),
        input_offset=np.zeros(input_shape[2], np.int32),
    )


def _integer_layer(
    random: np.random.Generator, number: int, layer: Layer, before: tuple[int, int, int], *, last: bool
) -> IntegerLayer:
    inputs = before[2] if layer.kernel else before[0] * before[1] * before[2]
    shape = (inputs, *(layer.kernel or ()), layer.shape[2])
    weights = random.integers(-60, 68, shape).astype(np.int8)  # a little above 0 in the mean, so that layers stay alive
    fan_in = inputs * (9 if layer.kernel else 1)
    divisor = 2 ** max(1, round(np.log2(40 * np.sqrt(fan_in))))
    return IntegerLayer(
        name=f"layer{number}",
        shape=layer.shape,
        synapses=(Synapses(number - 1, weights, Window(layer.stride, layer.padding) if layer.kernel else None),),
        bias=np.zeros(layer.shape[2], np.int32),
        activation=Relu(),
        requantiser=None if last else _divide_by(divisor),
        accumulator_scale=np.ones(layer.shape[2]),
        sent_shape=layer.shape,
    )


def _divide_by(divisor: int) -> Requantiser:
    shift = 30 + divisor.bit_length() - 1
    return Requantiser(np.array([2**30], np.int32), np.array([shift], np.int32), low=0, high=255, rounding="half_up")


if __name__ == "__main__":
    main()
