"""One float layer in integers, given the scales around it.

For layer l with inputs s_in = round(k_in * x), weights W = round(w / w_scale) and per-output-channel w_scale[c]:

    accumulator   bias + W applied to s_in     one unit is worth w_scale[c] / k_in
    bias          round(b * k_in / w_scale[c])
    next s        round(accumulator * w_scale[c] * k_out / k_in)

so the scale k of a layer is folded into the requantiser before it and the weights after it, and the same W serves every
k (paper, section 4.1 and Appendix C: the division by k moves into the next weights). Sums of average pools are divided
by the requantiser as well.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from workloads.errors import WorkloadError
from workloads.graphs.operations import Activation
from workloads.integer.float_layers import FloatLayer, Link
from workloads.integer.network import FloatArray, IntArray, IntegerLayer, Requantiser, Synapses, WeightArray
from workloads.integer.quantisation import Quantisation
from workloads.integer.requantising import requantiser_of
from workloads.integer.tables import table_of
from workloads.integer.unary import Clip, Identity, Leaky, Relu, Unary

# A channel whose weights are all zero, or thousands of times smaller than the layer's largest, is quantised as if its
# largest weight were this fraction of it. Its bias, counted in units of a tiny scale, would seldom fit otherwise.
SMALLEST_CHANNEL = 2.0**-12
# Where a bias asks for coarser units than its weights have, rounding these may cost at most this share of the bias.
LARGEST_LOSS = 2.0**-8
MOST_ACCUMULATOR_BITS = 32


def weight_scales(links: Sequence[Link], bits: int) -> FloatArray:
    """Scale of integer weights per output channel (channels,): w = integer * scale.

    Symmetric: the largest magnitude of a channel, over all links, becomes 2**(bits-1) - 1; the most negative integer is
    not used.
    """
    most = 2 ** (bits - 1) - 1
    magnitudes = np.max([_largest_weights(link) for link in links], axis=0)
    least = magnitudes.max() * SMALLEST_CHANNEL or 1.0  # in a layer of zeros any scale will do
    scale: FloatArray = np.maximum(magnitudes, least) / most
    return scale


def integer_layer(
    layer: FloatLayer, k_in: float, k_out: float | None, settings: Quantisation, finest_k: float | None = None
) -> IntegerLayer:
    """`layer` in integers; `k_in`: scale of its senders, `k_out`: of what it sends, None for the last layer.

    `finest_k`: largest `k_in` at which the same weights are used, `k_in` unless given. Raises WorkloadError, naming the
    layer and the output, if a bias fits the accumulator only in units in which the weights would be lost.
    """
    scale = _scales(layer, finest_k or k_in, settings)
    weights, unit = _integer_weights(layer.links, scale, settings.weight_bits), scale / k_in
    units = _divided(unit, layer)
    unary, requantiser = _sending(layer, units, k_out, settings)
    return IntegerLayer(
        name=layer.name,
        shape=layer.shape,
        synapses=tuple(
            Synapses(link.source, each, link.window) for link, each in zip(layer.links, weights, strict=True)
        ),
        bias=np.rint(layer.bias / unit).astype(np.int32),
        activation=unary,
        requantiser=requantiser,
        accumulator_scale=units,
        sent_shape=layer.sent_shape,
        pool=layer.pool,
    )


def _scales(layer: FloatLayer, k_in: float, settings: Quantisation) -> FloatArray:
    """Real value of one unit of a weight per channel: as its weights ask for, coarser where its bias does.

    Counts keep their own unit, 1, where it serves.
    """
    bits = settings.weight_bits
    scale = np.ones(layer.shape[2]) if layer.counts else weight_scales(layer.links, bits)
    most = max(int(link.weights.max()) for link in layer.links) if layer.counts else 0
    if most >= 2 ** (bits - 1):
        raise WorkloadError(
            f"{layer.name}: adds one value {most} times, a weight that {bits} bits do not hold; raise weight_bits"
        )
    large = np.abs(np.rint(layer.bias / (scale / k_in))) >= 2.0 ** (settings.accumulator_bits - 1)
    if not large.any():
        return scale
    # Half of the accumulator for the bias, as much again for the sums that are added to it.
    coarse = np.where(large, np.abs(layer.bias) * (k_in / 2.0 ** (settings.accumulator_bits - 2)), scale)
    _check_loss(layer, np.where(large, scale, np.inf), coarse, k_in, settings)
    return coarse


def _check_loss(layer: FloatLayer, scale: FloatArray, coarse: FloatArray, k_in: float, settings: Quantisation) -> None:
    """Raise WorkloadError for a channel whose weights coarse units would lose; `scale` is infinite where it has them
    already.
    """
    integers = _integer_weights(layer.links, coarse, 16)
    rest = [_lost(link, each, coarse) for link, each in zip(layer.links, integers, strict=True)]
    largest_sent = (2.0**settings.activation_bits - 1) / k_in
    loss = np.where(np.isfinite(scale), np.sqrt(np.sum(rest, axis=0)) * largest_sent, 0)
    allowed = LARGEST_LOSS * np.abs(layer.bias)
    if (loss > allowed).any():
        output, bits = int((loss - allowed).argmax()), settings.accumulator_bits
        raise WorkloadError(
            f"{layer.name}, output {output}: bias {layer.bias[output]:.6g} is "
            f"{abs(layer.bias[output]) / scale[output] * k_in:.0f} accumulator units, beyond {bits} bits, and in "
            "coarser units its weights would be lost; "
            + ("raise accumulator_bits" if bits < MOST_ACCUMULATOR_BITS else "lower activation_bits")
        )


def _lost(link: Link, integers: WeightArray, scale: FloatArray) -> FloatArray:
    """Sum of squares of what rounding took from each output channel's weights, (channels,)."""
    parts = _groups(link)
    kept = integers.reshape(parts, -1, link.weights.shape[-1]) * scale.reshape(parts, 1, -1)
    lost: FloatArray = ((_grouped(link) - kept) ** 2).sum(axis=1).ravel()
    return lost


def _integer_weights(links: Sequence[Link], scale: FloatArray, bits: int) -> list[WeightArray]:
    width = np.int8 if bits <= 8 else np.int16
    integers = [np.rint(_grouped(link) / scale.reshape(_groups(link), 1, -1)).astype(width) for link in links]
    shapes = [link.weights.shape for link in links]
    return [np.reshape(each, shape) for each, shape in zip(integers, shapes, strict=True)]


def _divided(unit: FloatArray, layer: FloatLayer) -> FloatArray:
    """Units after any division: (channels,), or one per accumulator where divisors differ from place to place."""
    if layer.divisors is None:
        return unit
    if layer.uneven:
        return (unit / layer.divisors[:, :, None]).ravel()
    return unit / layer.divisors.flat[0]


def _sending(
    layer: FloatLayer, units: FloatArray, k_out: float | None, settings: Quantisation
) -> tuple[Unary, Requantiser | None]:
    """The activation in integers and the requantiser behind it, None for the last layer; `units`: the real value of an
    accumulator, `k_out`: the scale of what is sent.
    """
    activation = layer.activation
    if k_out is None or activation is None:
        return Identity(), None if k_out is None else requantiser_of(units * k_out, False, settings)
    if activation.kind not in _BY_HAND:
        return table_of(activation, units, k_out, settings)
    unary = _BY_HAND[activation.kind](activation, units, k_out, settings)
    return unary, requantiser_of(units * k_out, unary.unsigned, settings)


_BY_HAND: dict[str, Callable[[Activation, FloatArray, float, Quantisation], Unary]] = {
    "relu": lambda *_: Relu(),
    "clip": lambda activation, units, _, settings: Clip(_limits(activation, units, settings.accumulator_bits)),
    "leaky": lambda activation, units, k_out, settings: Leaky(
        requantiser_of(units * k_out * activation.slope, False, settings)
    ),
}
"""Activations that integers compute without a table."""


def _limits(activation: Activation, unit: FloatArray, bits: int) -> IntArray:
    """Where a clip ends, in accumulator units: (2, channels). Ends beyond the accumulator are its own."""
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
