"""Energy at another technology node, by published equations, and how far another source disagrees with them.

Stillmaker and Baas (Integration 58:74-81, 2017, doi 10.1016/j.vlsi.2017.02.002) fit the energy of a gate at each node
with a polynomial of the supply voltage V: factor(node, V) = a V^2 + b V + c, and
E_Y = E_X factor(Y, V_Y) / factor(X, V_X). Coefficients as transcribed in the Accelergy project's hwcomponents (commit
e67d7f1). Between nodes of the table the factor is interpolated linearly, as hwcomponents does; outside 7 to 130 nm
nothing is scaled.

Jouppi et al. (ISCA 2021, Table 2) print the energies of the same operations at 45 and 7 nm; they shrink far less.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import exp, log
from typing import Final

from hwmodels.errors import key_path
from hwmodels.prices.new_prices import NewPrice, PricingError, asked, energies_of, with_prices
from hwmodels.schema.accelerator import Accelerator
from hwmodels.schema.area import areas_at
from hwmodels.schema.units import Quantity

_COEFFICIENTS: Final = {
    130: ("7.171", "-6.709", "2.904"),
    90: ("4.762", "-4.781", "2.092"),
    65: ("3.755", "-4.398", "1.975"),
    45: ("1.103", "-0.362", "0.2767"),
    32: ("0.9559", "-0.7823", "0.471"),
    20: ("0.373", "-0.1582", "0.04104"),
    16: ("0.2958", "-0.1241", "0.03024"),
    14: ("0.2363", "-0.09675", "0.02239"),
    10: ("0.2068", "-0.09311", "0.02375"),
    7: ("0.1776", "-0.09097", "0.02447"),
}
_JOUPPI_PJ: Final = {
    "int8 add": ("0.03", "0.007"),
    "int32 add": ("0.1", "0.03"),
    "float32 add": ("0.9", "0.38"),
    "int8 multiply": ("0.2", "0.07"),
    "int32 multiply": ("3.1", "1.48"),
    "float32 multiply": ("3.7", "1.31"),
}
"""Operations of Jouppi et al. 2021, Table 2, at 45 and at 7 nm, as second-hand sources give them."""
_VOLTAGES: Final = (Fraction(1, 2), Fraction(6, 5))  # beyond these the polynomials are no longer sensible
USUAL_VOLTAGE: Final = Quantity(800_000, "0.8 V")
DISAGREEMENT: Final = 1.25
METHOD: Final = "Stillmaker and Baas, Integration 58:74-81, 2017"


@dataclass(frozen=True)
class Point:
    """A technology: node in nm and supply voltage in V."""

    node_nm: Fraction
    voltage_v: Fraction

    def __str__(self) -> str:
        """Return the point in words."""
        return f"{float(self.node_nm):g} nm at {float(self.voltage_v):g} V"


@dataclass(frozen=True)
class Scaling:
    """What becomes of an energy: `factor` by the method used, `other` by the one that disagrees (None: not covered)."""

    source: Point
    target: Point
    factor: Fraction
    other: float | None
    warnings: tuple[str, ...]


def gate_energy(point: Point) -> Fraction:
    """Return factor(node, V) of Stillmaker and Baas, exact. Raise PricingError outside 7 to 130 nm, 0.5 to 1.2 V."""
    nodes = sorted(_COEFFICIENTS)
    if not nodes[0] <= point.node_nm <= nodes[-1]:
        known = ", ".join(f"{node}" for node in nodes)
        raise PricingError(
            f"no published factor for {float(point.node_nm):g} nm: choose a node from {nodes[0]} to {nodes[-1]} nm "
            f"(printed are {known})"
        )
    if not _VOLTAGES[0] <= point.voltage_v <= _VOLTAGES[1]:
        raise PricingError(f"{float(point.voltage_v):g} V is no supply for logic: choose 0.5 V to 1.2 V")
    below, above = next(pair for pair in pairwise(nodes) if pair[0] <= point.node_nm <= pair[1])
    share = (point.node_nm - below) / (above - below)
    return (1 - share) * _printed(below, point.voltage_v) + share * _printed(above, point.voltage_v)


def scaling(accelerator: Accelerator, node: str, voltage: str | None = None) -> Scaling:
    """Return how energies of `accelerator` scale to `node` ("7 nm", "7") at `voltage` (its own unless given).

    Raise PricingError if the accelerator names no technology, or for a node or voltage that is not covered.
    """
    technology = accelerator.technology
    if technology is None:
        raise PricingError(
            f"{accelerator.name} does not say for which one technology its energies hold: write 'technology: "
            "{node_nm: 45, voltage_v: 0.9}' into its file and give that with --operations"
        )
    own = technology.voltage_v or USUAL_VOLTAGE
    target_node = asked(node, "node")
    target_voltage = own if voltage is None else asked(voltage, "voltage")
    source = Point(Fraction(technology.node_nm.value, 1000), Fraction(own.value, 10**6))
    target = Point(Fraction(target_node.value, 1000), Fraction(target_voltage.value, 10**6))
    factor = gate_energy(target) / gate_energy(source)
    other = _jouppi_factor(source, target)
    return Scaling(source, target, factor, other, tuple(_warnings(accelerator, source, target, factor, other)))


def scaled(accelerator: Accelerator, scale: Scaling) -> Accelerator:
    """Return the accelerator with every energy on the chip times `scale.factor`, each rounded once to an aJ.

    Off-chip memory, leakage and idle power keep their numbers: the equations are those of a gate's dynamic energy.
    Areas become those at the same node (`hwmodels.schema.area`).
    """
    known = {row.path: row for row in accelerator.provenance}
    how = f"{METHOD}: {scale.source} to {scale.target}, times {float(scale.factor):.4g}"
    prices = []
    for path, energy in energies_of(accelerator).items():
        if path[0] != "off_chip":
            before = known.get(key_path(path))
            was = f" {before.value} ({before.source})" if before else f" {energy / 1e6:g} pJ"
            prices.append(NewPrice(path, round(energy * scale.factor), f"{how}, of{was}", "computed"))
    prices += areas_at(accelerator, scale.target.node_nm)
    target = {
        "node_nm": f"{float(scale.target.node_nm):g} nm",
        "voltage_v": f"{float(scale.target.voltage_v):g} V",
    }
    name = f"{accelerator.name} at {target['node_nm']}"
    return with_prices(accelerator, prices, f"scaled to {scale.target}", name, target)


def _printed(node: int, voltage_v: Fraction) -> Fraction:
    a, b, c = (Fraction(text) for text in _COEFFICIENTS[node])
    return a * voltage_v**2 + b * voltage_v + c


def _jouppi_factor(source: Point, target: Point) -> float | None:
    """Return the geometric mean of Jouppi's operations between 45 and 7 nm, log-log between them; None outside."""
    if not all(7 <= point.node_nm <= 45 for point in (source, target)):
        return None
    ratios = [log(float(Fraction(at_7) / Fraction(at_45))) for at_45, at_7 in _JOUPPI_PJ.values()]
    along = log(source.node_nm / target.node_nm) / log(45 / 7)
    return exp(along * sum(ratios) / len(ratios))


def _warnings(
    accelerator: Accelerator, source: Point, target: Point, factor: Fraction, other: float | None
) -> list[str]:
    found = []
    if accelerator.technology is not None and accelerator.technology.voltage_v is None:
        found.append(f"{accelerator.name} gives no supply voltage: {USUAL_VOLTAGE} is assumed for its energies")
    between = [point for point in (source, target) if point.node_nm not in _COEFFICIENTS]
    found += [f"{point} lies between the nodes of {METHOD}: interpolated" for point in between]
    if source.node_nm == target.node_nm:
        return found
    if other is None:
        found.append(f"only one method covers {source} to {target} ({METHOD}): there is nothing to check it against")
    elif max(float(factor) / other, other / float(factor)) > DISAGREEMENT:
        found.append(
            f"methods disagree: {METHOD} multiplies energies by {float(factor):.3g}, the operations of Jouppi et al., "
            f"ISCA 2021, Table 2, by {other:.3g} (geometric mean of six, log-log between 45 and 7 nm)"
        )
    found.append(
        "SRAM is scaled like logic, although its wires shrink less; off-chip memory and leakage are not scaled"
    )
    return found
