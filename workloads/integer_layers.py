"""One float layer in integers, given the scales around it.

For layer l with inputs s_in = round(k_in * x), weights W = round(w / w_scale) and per-output-channel w_scale[c]:

    accumulator   bias + W applied to s_in     one unit is worth w_scale[c] / k_in
    bias          round(b * k_in / w_scale[c])
    next s        round(accumulator * w_scale[c] * k_out / k_in)

so the scale k of a layer is folded into the requantiser before it and the weights after it, and the same W serves every
k (paper, section 4.1 and Appendix C: the division by k moves into the next weights). Sums of average pools are divided
by the requantiser as well.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from workloads.errors import WorkloadError
from workloads.fixedpoint import multiplier_and_shift
from workloads.float_layers import FloatLayer, Link
from workloads.graph_operations import Activation
from workloads.integer_checks import activation_range
from workloads.integer_network import FloatArray, IntArray, IntegerLayer, Requantiser, Synapses, WeightArray
from workloads.quantisation import Quantisation

# A channel whose weights are all zero, or thousands of times smaller than the layer's largest, is quantised as if its
# largest weight were this fraction of it. Its bias, counted in units of a tiny scale, would not fit otherwise.
SMALLEST_CHANNEL = 2.0**-12


def quantise_weights(links: Sequence[Link], bits: int) -> tuple[list[WeightArray], FloatArray]:
    """Integer weights of each of a layer's links, and their scale per output channel (channels,): w = integer * scale.

    Symmetric: the largest magnitude of a channel, over all links, becomes 2**(bits-1) - 1; the most negative integer is
    not used.
    """
    most = 2 ** (bits - 1) - 1
    magnitudes = np.max([_largest_weights(link) for link in links], axis=0)
    least = magnitudes.max() * SMALLEST_CHANNEL or 1.0  # in a layer of zeros any scale will do
    scale = np.maximum(magnitudes, least) / most
    width = np.int8 if bits <= 8 else np.int16
    integers = [np.rint(_grouped(link) / scale.reshape(_groups(link), 1, -1)).astype(width) for link in links]
    return [each.reshape(link.weights.shape) for each, link in zip(integers, links, strict=True)], scale


def integer_layer(layer: FloatLayer, k_in: float, k_out: float | None, settings: Quantisation) -> IntegerLayer:
    """`layer` in integers; `k_in`: scale of its senders, `k_out`: of what it sends, None for the last layer.

    Raises WorkloadError, naming the layer and the output, if a bias does not fit the accumulator.
    """
    weights, unit = _weights(layer, k_in, settings.weight_bits)
    units = _divided(unit, layer)
    limits = _limits(layer.activation, units, settings.accumulator_bits)
    kind = layer.activation.kind if layer.activation is not None else "identity"
    unsigned = kind == "relu" or (limits is not None and bool(limits[0].min() >= 0))
    slope = layer.activation.slope if layer.activation is not None and kind == "leaky" else None
    return IntegerLayer(
        name=layer.name,
        shape=layer.shape,
        synapses=tuple(
            Synapses(link.source, each, link.window) for link, each in zip(layer.links, weights, strict=True)
        ),
        bias=_integer_bias(layer, unit, settings.accumulator_bits),
        activation=kind,
        requantiser=None if k_out is None else requantiser_of(units * k_out, unsigned, settings),
        accumulator_scale=units,
        sent_shape=layer.sent_shape,
        pool=layer.pool,
        limits=limits,
        leak=None if k_out is None or slope is None else requantiser_of(units * k_out * slope, False, settings),
    )


def requantiser_of(factors: FloatArray, unsigned: bool, settings: Quantisation) -> Requantiser:
    """The requantiser that multiplies by `factors`, (channels,) or one for every neuron."""
    multiplier, shift = multiplier_and_shift(factors)
    low, high = activation_range("relu" if unsigned else "identity", settings.activation_bits)
    return Requantiser(multiplier, shift, low, high, settings.rounding)


def _weights(layer: FloatLayer, k_in: float, bits: int) -> tuple[list[WeightArray], FloatArray]:
    """Integer weights, and the real value of one accumulator unit, per channel, before any division."""
    if not layer.counts:
        weights, scale = quantise_weights(layer.links, bits)
        return weights, scale / k_in
    most = max(int(link.weights.max()) for link in layer.links)
    if most >= 2 ** (bits - 1):
        raise WorkloadError(
            f"{layer.name}: adds one value {most} times, a weight that {bits} bits do not hold; raise weight_bits"
        )
    width = np.int8 if bits <= 8 else np.int16
    return [link.weights.astype(width) for link in layer.links], np.full(layer.shape[2], 1 / k_in)


def _divided(unit: FloatArray, layer: FloatLayer) -> FloatArray:
    """Units after any division: (channels,), or one per accumulator where divisors differ from place to place."""
    if layer.divisors is None:
        return unit
    if layer.uneven:
        return (unit / layer.divisors[:, :, None]).ravel()
    return unit / layer.divisors.flat[0]


def _integer_bias(layer: FloatLayer, unit: FloatArray, bits: int) -> IntArray:
    real = np.rint(layer.bias / unit)
    limit = 2.0 ** (bits - 1)
    if (np.abs(real) >= limit).any():
        output = int(np.abs(real).argmax())
        raise WorkloadError(
            f"{layer.name}, output {output}: bias {layer.bias[output]:.6g} is {real[output]:.0f} accumulator units, "
            f"beyond {bits} bits; raise accumulator_bits, or make the units coarser (fewer weight or activation bits, "
            "smaller scales)"
        )
    return real.astype(np.int32)


def _limits(activation: Activation | None, unit: FloatArray, bits: int) -> IntArray | None:
    """Where a clip ends, in accumulator units: (2, channels). Ends beyond the accumulator are its own."""
    if activation is None or activation.kind != "clip":
        return None
    ends = np.array([[activation.low], [activation.high]], np.float64) / unit
    most = 2.0 ** (bits - 1)
    return np.rint(np.clip(ends, -most, most - 1)).astype(np.int32)


def _groups(link: Link) -> int:
    return 1 if link.window is None else link.window.groups


def _grouped(link: Link) -> NDArray[np.float32]:
    """Weights as (groups, fan-in, outputs per group)."""
    return link.weights.reshape(_groups(link), -1, link.weights.shape[-1])


def _largest_weights(link: Link) -> FloatArray:
    """Largest magnitude of each output channel's weights, (channels,)."""
    largest: FloatArray = np.abs(_grouped(link).astype(np.float64)).max(axis=1).ravel()
    return largest
