"""Gradients of the search for scales against central finite differences, in float64."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from optimised_nets import branches, chain, frames

from workloads import Network
from workloads.graphs.graph import Activation
from workloads.optimise import SenderCost
from workloads.optimise.prepared import frame_maps, prepare

jax = pytest.importorskip("jax")
jnp = jax.numpy

from workloads.optimise import rounding  # noqa: E402 - needs JAX
from workloads.optimise.gradients import gradients  # noqa: E402
from workloads.optimise.model import exact_outputs, measure, model_arrays, real_input  # noqa: E402
from workloads.optimise.rounding import EXACT, NOISE, ROUNDING, Corruption, half_up, message_cost  # noqa: E402

NETWORKS = {
    "chain": chain,
    "branches": branches,
    # without an addition: two rounded values may add up to 0, where the slope of a ReLU is a matter of taste
    "plain": lambda: branches(Activation("leaky", slope=0.1), addition=False),
    "clip": lambda: branches(Activation("clip", 0.0, 1.5)),
}
EVERYTHING = SenderCost(0.5, 0.3, 0.7, 2.0, 1.5)


class Case:
    """A network with everything that its gradients are a function of, in float64."""

    def __init__(self, graph: Network, loss="l2", cost="rounding", per="layer", costs=None, count=4) -> None:
        costs = None if costs is None else [costs] * len(prepare(graph, loss, cost, per, None)[0].layers)
        self.model, self.parameters = prepare(graph, loss, cost, per, costs)
        self.arrays = jax.tree.map(lambda array: jnp.asarray(array, jnp.float64), model_arrays(self.model))
        maps = frame_maps(graph, frames(count, int(np.prod(graph.input_shape))))
        self.real = jnp.asarray(real_input(self.model, maps), jnp.float64)
        self.exact = jax.jit(lambda arrays, real: exact_outputs(self.model, arrays, real))(self.arrays, self.real)
        random = np.random.default_rng(1)
        self.kappas = tuple(jnp.asarray(random.normal(0.7, 0.3, (2, width))) for width in self.parameters.widths)
        self.key = jax.random.key(5)

    def terms(self, kappas, corruption: Corruption) -> tuple[np.ndarray, np.ndarray]:
        return measure(self.model, self.arrays, kappas, self.real, self.exact, self.key, corruption)

    def slopes(self, corruption: Corruption, lambdas=(0.01, 0.3)) -> list[np.ndarray]:
        def found(kappas, weights):
            return gradients(self.model, self.arrays, kappas, weights, self.real, self.exact, self.key, corruption)[0]

        return [np.asarray(slope) for slope in jax.jit(found)(self.kappas, jnp.asarray(lambdas, jnp.float64))]


def differences(function, kappas, step: float = 1e-6) -> list[np.ndarray]:
    """Central differences of function(kappas) -> (searches,), by every entry of each array (searches, width)."""
    compiled = jax.jit(function)
    found = []
    for slot, kappa in enumerate(kappas):
        slopes = np.zeros(kappa.shape)
        for entry in range(kappa.shape[1]):
            ends = []
            for sign in (1, -1):
                moved = [np.array(each) for each in kappas]
                moved[slot][:, entry] += sign * step
                ends.append(np.asarray(compiled(tuple(moved))))
            slopes[:, entry] = (ends[0] - ends[1]) / (2 * step)
        found.append(slopes)
    return found


def check(slopes: list[np.ndarray], expected: list[np.ndarray]) -> None:
    largest = max(np.abs(each).max() for each in expected)
    assert largest > 1e-6
    for slope, each in zip(slopes, expected, strict=True):
        np.testing.assert_allclose(slope, each, rtol=1e-5, atol=1e-7 * largest)


@pytest.fixture(autouse=True)
def _double():
    with jax.enable_x64(True):
        yield


@pytest.mark.parametrize(
    ("name", "loss", "per"),
    [("chain", "kl", "layer"), ("chain", "l1", "unit"), ("branches", "kl", "unit"), ("clip", "l2", "layer")],
)
def test_error_with_noise(name: str, loss: str, per: str) -> None:
    case = Case(NETWORKS[name](), loss, per=per)
    assert (max(case.parameters.widths) > 1) == (per == "unit")
    slopes = case.slopes(NOISE, lambdas=(0.0, 0.0))
    check(slopes, differences(lambda kappas: case.terms(kappas, NOISE)[0], case.kappas))


@pytest.mark.parametrize(
    ("name", "cost", "costs"),
    [
        ("chain", "rounding", None),
        ("chain", "rounding", EVERYTHING),
        ("chain", "sigma_delta", None),
        ("branches", "sigma_delta", EVERYTHING),
    ],
)
def test_operations_without_rounding(name: str, cost: str, costs: SenderCost | None) -> None:
    """Values are then the same at all scales, so that the whole difference is each layer's own term."""
    case = Case(NETWORKS[name](), cost=cost, costs=costs)
    slopes = case.slopes(EXACT, lambdas=(1.0, 1.0))
    check(slopes, differences(lambda kappas: case.terms(kappas, EXACT)[1], case.kappas))


def test_only_a_layers_own_operations_count() -> None:
    """In a chain with noise, the scale of the input also moves what later layers send; its gradient leaves that out."""
    case = Case(chain())
    own = case.slopes(NOISE, (1.0, 1.0))[0] - case.slopes(NOISE, (0.0, 0.0))[0]
    values = np.asarray(case.real) * np.exp(np.asarray(case.kappas[0]))[:, :, None, None, None]
    np.testing.assert_allclose(own[:, 0], np.abs(values).sum((2, 3, 4)).mean(1) * 8, rtol=1e-9)
    whole = differences(lambda kappas: case.terms(kappas, NOISE)[1], case.kappas)[0]
    assert np.abs(whole - own).max() > 1e-3 * np.abs(own).max()


@pytest.mark.parametrize("name", ["chain", "plain"])
def test_straight_through_is_rounding_with_its_errors_held(name: str) -> None:
    """The gradient through rounding is that of the network in which round(x) - x no longer changes with x."""
    case = Case(NETWORKS[name](), "l2")
    errors: list[np.ndarray] = []  # in the order of cores

    def recorded(x, _):
        errors.append(np.asarray(half_up(x) - x))
        return half_up(x)

    case.terms(case.kappas, Corruption(recorded, half_up))

    def held_error(kappas):
        pending = iter(errors)
        return case.terms(kappas, Corruption(lambda x, _: x + next(pending), half_up))[0]

    check(case.slopes(ROUNDING, (0.0, 0.0)), differences(held_error, case.kappas))


@given(x=st.floats(-70, 70), before=st.floats(-70, 70), part=st.integers(0, 4))
def test_interpolated_cost_is_the_expectation_under_dither(x: float, before: float, part: int) -> None:
    cost = SenderCost(**{name: float(number == part) for number, name in enumerate(SenderCost.__dataclass_fields__)})
    x = round(x * 64) / 64 + 1 / 128  # no kink nearer than the dithers' spacing
    dithers = (np.arange(4096) + 0.5) / 4096 - 0.5
    of = partial(message_cost, cost, np.array(3.0))

    def exact(values):
        return float(of(jnp.asarray(values)[:, None], jnp.asarray(values)[:, None]).mean())

    expected = exact(np.floor(x + dithers + 0.5))
    assert float(of(jnp.array([x]), jnp.array([x]))) == pytest.approx(expected, abs=1e-2)
    slope = float(jax.grad(lambda value: of(jnp.round(value), value))(jnp.array([x]))[0])
    step = 2.0**-10
    ends = [exact(np.floor(x + sign * step + dithers + 0.5)) for sign in (1, -1)]
    assert slope == pytest.approx((ends[0] - ends[1]) / (2 * step), abs=0.5)


def test_digits_are_those_of_the_canonical_form() -> None:
    def canonical(n: int) -> int:
        count = 0
        while n:
            if n % 2:
                count += 1
                n -= 2 - n % 4
            n //= 2
        return count

    numbers = np.arange(-2048, 2049)
    assert [int(each) for each in rounding.digits(numbers)] == [canonical(abs(int(n))) for n in numbers]
