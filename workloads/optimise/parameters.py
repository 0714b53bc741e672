"""Which senders have which parameters: one log k for a layer or group of layers, or one per channel of a layer."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workloads.graphs.activations import function_of
from workloads.integer.float_layers import FloatLayer
from workloads.integer.scales import check_scales, scale_groups
from workloads.optimise.found import FloatArray, FoundScales
from workloads.optimise.settings import ScaleSearch


@dataclass(frozen=True)
class Parameters:
    """`slots`: per sender, the number of its parameter array. `widths`: entries of each array, 1 or channels.

    `names`: of the senders, the input first. `groups`: senders with the same number share their scale k. `by_unit`:
    whether each channel has its own.
    """

    names: tuple[str, ...]
    groups: tuple[int, ...]
    by_unit: tuple[bool, ...]
    slots: tuple[int, ...]
    widths: tuple[int, ...]


def parameters_of(layers: Sequence[FloatLayer], per: str) -> Parameters:
    """The parameters of the input and all layers but the last.

    With per "unit", layers whose units can each have their own scale (see unit_scaled) have one per channel.
    """
    groups = scale_groups(layers)
    by_unit = unit_scaled(layers) if per == "unit" else (False,) * len(layers)
    slots: list[int] = []
    widths: list[int] = []
    of_group: dict[int, int] = {}
    for sender, group in enumerate(groups):
        if by_unit[sender]:
            slots.append(len(widths))
            widths.append(layers[sender - 1].shape[2])
            continue
        if group not in of_group:
            of_group[group] = len(widths)
            widths.append(1)
        slots.append(of_group[group])
    names = ("the input", *(layer.name for layer in layers[:-1]))
    return Parameters(names, groups, by_unit, tuple(slots), tuple(widths))


def unit_scaled(layers: Sequence[FloatLayer]) -> tuple[bool, ...]:
    """For each sender, whether each of its channels can have a scale of its own, folded into weights around it.

    That needs weights before and after it, and an activation for which h(k v) = k h(v). So not the input, not what is
    clipped, and neither a layer that only counts (a sum, mean or read-out) nor one that such a layer hears.
    """
    counted = {link.source for layer in layers if layer.counts for link in layer.links}
    own = [False]
    for sender, layer in enumerate(layers[:-1], start=1):
        bends = layer.activation is not None and not function_of(layer.activation).scales
        own.append(not (layer.counts or bends or sender in counted))
    return tuple(own)


def starting_values(parameters: Parameters, settings: ScaleSearch, network: str) -> tuple[NDArray[np.float32], ...]:
    """log k at the start, one (searches, width) float32 per slot. Raises WorkloadError if start_scales do not fit."""
    scales = settings.start_scales
    if scales is None:
        scales = (settings.start,) * len(parameters.names)
    check_scales(parameters.names, parameters.groups, scales, network)
    kappas = [np.zeros((len(settings.lambdas), width), np.float32) for width in parameters.widths]
    for slot, scale in zip(parameters.slots, scales, strict=True):
        kappas[slot][:] = np.log(scale)
    return tuple(kappas)


def layer_scales(parameters: Parameters, kappas: Sequence[NDArray[np.float32]]) -> FloatArray:
    """k of each sender, (searches, senders) float64.

    Where units have their own scales it is that of the layers it shares k with which have one, or else the geometric
    mean over the units of all of them.
    """
    means = {}
    for group in set(parameters.groups):
        senders = [sender for sender, of in enumerate(parameters.groups) if of == group]
        single = [sender for sender in senders if not parameters.by_unit[sender]]
        slots = [parameters.slots[sender] for sender in single[:1] or senders]
        logs = np.concatenate([np.asarray(kappas[slot], np.float64) for slot in slots], axis=1)
        means[group] = np.exp(logs.mean(axis=1))
    return np.stack([means[group] for group in parameters.groups], axis=1)


def found_scales(
    parameters: Parameters, kappas: Sequence[NDArray[np.float32]], settings: ScaleSearch
) -> tuple[FoundScales, ...]:
    """The scales of each search."""
    found = []
    for search, scales in enumerate(layer_scales(parameters, kappas)):
        rounded = tuple(float(f"{scale:.6g}") for scale in scales)
        factors = tuple(
            np.exp(np.asarray(kappas[slot][search], np.float64)) / scale if each else None
            for each, slot, scale in zip(parameters.by_unit, parameters.slots, rounded, strict=True)
        )
        found.append(FoundScales(settings.lambdas[search], rounded, factors))
    return tuple(found)
