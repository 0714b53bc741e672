"""The scales k of an integer network: which layers must share one, and what it is.

All senders of a layer are summed in one accumulator, so their integers must be worth the same: they share one k, and so
do all that are linked by a chain of such layers (the parts of a dense block, for instance).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from workloads.errors import WorkloadError
from workloads.graphs.graph import Preprocessing
from workloads.integer.calibration import Magnitudes, calibrated_range
from workloads.integer.checks import activation_range
from workloads.integer.float_layers import FloatLayer
from workloads.integer.network import Precision
from workloads.integer.quantisation import Quantisation


@dataclass(frozen=True, eq=False)
class Senders:
    """What the scales of the input and each hidden layer are chosen from, one entry per core.

    `names`; `highest`: largest integer each can send; `ranges`: per precision, the real value its integers shall span,
    0 where calibration saw zeros only; `groups`: cores with the same number share their scale.
    """

    names: tuple[str, ...]
    highest: tuple[int, ...]
    ranges: dict[Precision, tuple[float, ...]]
    groups: tuple[int, ...]


def senders_of(
    layers: Sequence[FloatLayer],
    preprocessing: Preprocessing,
    brightest_pixel: int,
    magnitudes: Sequence[Magnitudes],
    settings: Quantisation,
) -> Senders:
    """The senders among `layers`, all but the last, and the input, whose pixels are 0..`brightest_pixel`; `magnitudes`
    are those of the senders' layers.
    """
    darkest, brightest = _real_ends(preprocessing, brightest_pixel)
    hidden = layers[:-1]
    unsigned = (darkest >= 0, *(layer.unsigned for layer in hidden))
    bits = settings.activation_bits
    highest = tuple(activation_range(bits, unsigned=each)[1] for each in unsigned)
    whole = max(-darkest, brightest)
    full = [calibrated_range(each, most) for each, most in zip(magnitudes, highest[1:], strict=True)]
    steps = highest if settings.levels == "all" else (settings.levels,) * len(highest)
    scaled = [calibrated_range(each, most) for each, most in zip(magnitudes, steps[1:], strict=True)]
    return Senders(
        names=("the input", *(layer.name for layer in hidden)),
        highest=highest,
        ranges={"full": (whole, *full), "scaled": (whole, *scaled)},
        groups=scale_groups(layers),
    )


def full_scales(senders: Senders) -> tuple[float, ...]:
    """Each k as large as the widths allow: the calibrated range reaches the largest integer."""
    return _shared(senders, "full", senders.highest)


def coarse_scales(senders: Senders, settings: Quantisation, network: str) -> tuple[float, ...]:
    """The k of the rounding and sigma-delta networks: as given, or `levels` steps per range."""
    if settings.scales is not None:
        check_scales(senders.names, senders.groups, settings.scales, network)
        return settings.scales
    if settings.levels == "all":
        return full_scales(senders)
    highest = min(senders.highest)
    if settings.levels > highest:
        raise WorkloadError(
            f"levels is {settings.levels}, but {settings.activation_bits}-bit activations of network {network!r} "
            f"reach {highest}; lower levels, set levels to all or raise activation_bits"
        )
    return _shared(senders, "scaled", (settings.levels,) * len(senders.names))


def check_ranges(senders: Senders, settings: Quantisation, network: str, frames: int) -> None:
    """Raise WorkloadError if calibration on `frames` frames saw nothing but zeros where a scale is needed."""
    for precision, ranges in senders.ranges.items():
        seen = {group for group, span in zip(senders.groups, ranges, strict=True) if span > 0}
        for name, group in zip(senders.names, senders.groups, strict=True):
            if group not in seen and not (precision == "scaled" and settings.scales is not None):
                percentile = settings.calibration == "percentile"
                share = f"{settings.percentile:g} %" if percentile else "all"
                raise WorkloadError(
                    f"network {network!r}, {name}: {share} of its activations are 0 on the {frames} calibration "
                    "frames, so no scale can be chosen; calibrate on other frames"
                    + (", or raise percentile (100 at most)" if percentile else "")
                )


def check_scales(names: Sequence[str], groups: Sequence[int], scales: Sequence[float], network: str) -> None:
    """Raise WorkloadError unless there is a scale for each sender, and the same one for those of one group."""
    if len(scales) != len(names):
        raise WorkloadError(
            f"{len(scales)} scales for network {network!r}; needed {len(names)}: one for the input and one for each "
            "hidden layer"
        )
    for name, group, scale in zip(names, groups, scales, strict=True):
        if scale != scales[group]:
            raise WorkloadError(
                f"network {network!r}: {names[group]} and {name} are added up or concatenated, so they share one "
                f"scale, but scales has {scales[group]} and {scale}; give both the same"
            )


def scale_groups(layers: Sequence[FloatLayer]) -> tuple[int, ...]:
    """For the input and each layer but the last, the lowest core with which it must share its scale."""
    groups = list(range(len(layers)))
    for layer in layers:
        joined = {groups[link.source] for link in layer.links}
        groups = [min(joined) if group in joined else group for group in groups]
    return tuple(groups)


def _shared(senders: Senders, precision: Precision, steps: Sequence[int]) -> tuple[float, ...]:
    """k = steps / range, the smallest of each group."""
    ranges = senders.ranges[precision]
    own = [_six_digits(most / span) if span > 0 else inf for most, span in zip(steps, ranges, strict=True)]
    smallest = dict.fromkeys(senders.groups, inf)
    for group, scale in zip(senders.groups, own, strict=True):
        smallest[group] = min(smallest[group], scale)
    return tuple(smallest[group] for group in senders.groups)


def _real_ends(preprocessing: Preprocessing, brightest_pixel: int) -> tuple[float, float]:
    """Real values of the darkest and the brightest pixel of any channel."""
    ends = [
        ((0 - mean) * scale, (brightest_pixel - mean) * scale)
        for mean, scale in zip(preprocessing.mean, preprocessing.scale, strict=True)
    ]
    return min(low for low, _ in ends), max(high for _, high in ends)


def _six_digits(scale: float) -> float:
    """Matrix products differ in their last bits from machine to machine; rounded scales and their integers do not."""
    return float(f"{scale:.6g}")
