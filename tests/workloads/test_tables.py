"""Functions as tables over the integers: made of the float function, looked up exactly, end to end."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import deltasim as ds
from workloads import Network, Preprocessing, Quantisation, Table, WorkloadError, integer_forward, own_order, quantise
from workloads.graphs.activations import FUNCTIONS, Function
from workloads.graphs.operations import INPUT, Activation, Convolution, Dense, MaxPool, Node
from workloads.integer.lowering import lower
from workloads.integer.tables import EXTRA_BITS, table_of

CURVES = {
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "tanh": lambda x: (np.exp(2 * x) - 1) / (np.exp(2 * x) + 1),
    "softplus": lambda x: np.log1p(np.exp(x)),
    "hard_swish": lambda x: x * min(max(x / 6 + 0.5, 0), 1),
    "silu": lambda x: x / (1 + np.exp(-x)),
}
"""The functions again, in other words."""


def network(kind: str, *after: Node, seed: int = 0) -> Network:
    """A convolution, the function, perhaps more, and a fully connected layer."""
    random = np.random.default_rng(seed)
    kernel = random.normal(0, 0.5, (6, 1, 3, 3)).astype(np.float32)
    nodes = [
        Node("conv", Convolution(kernel, random.normal(0, 0.3, 6).astype(np.float32)), (INPUT,)),
        Node("curve", Activation(kind), ("conv",)),
        *after,
    ]
    inputs = 6 * 4 * 4 if not after else 6 * 2 * 2
    last = Dense(random.normal(0, 0.3, (inputs, 4)).astype(np.float32), np.zeros(4, np.float32))
    nodes.append(Node("out", last, (nodes[-1].name,)))
    return Network("curves", (1, 6, 6), tuple(nodes), "out", (), Preprocessing("gray", (128.0,), (1 / 64,)))


FRAMES = np.random.default_rng(5).integers(0, 256, (60, 36), dtype=np.uint8)


@pytest.mark.parametrize("kind", sorted(CURVES))
@given(
    k=st.floats(0.5, 300),
    bits=st.sampled_from([4, 8, 10]),
    rounding=st.sampled_from(["half_up", "half_even", "half_away"]),
)
def test_every_entry_is_the_function_rounded_and_the_ends_are_flat(kind: str, k: float, bits: int, rounding) -> None:
    settings = Quantisation(activation_bits=bits, rounding=rounding)
    table, requantiser = table_of(Activation(kind), np.ones(1), k, settings)
    half = len(table.entries) // 2
    assert half == 2 ** (bits + EXTRA_BITS - 1) == -requantiser.low == requantiser.high + 1
    # one accumulator unit is worth 1: the factor is the number of places to it
    step = 2.0 ** int(requantiser.shift[0]) / int(requantiser.multiplier[0])
    top = 2**bits - 1 if FUNCTIONS[kind].unsigned(Activation(kind)) else 2 ** (bits - 1) - 1
    bottom = 0 if top == 2**bits - 1 else -top - 1
    with np.errstate(over="ignore"):
        for place in (-half, -half // 2, -7, -1, 0, 1, 2, half // 3, half - 1):
            real = min(max(float(CURVES[kind](place * step)) * k, bottom), top)
            assert abs(int(table.entries[place + half]) - real) <= 0.5 + 1e-6
        for beyond, end in ((-3.0, table.entries[0]), (3.0, table.entries[-1])):
            real = min(max(float(CURVES[kind](beyond * half * step)) * k, bottom), top)
            assert abs(int(end) - real) <= 0.5 + 1e-6


def test_a_function_without_ends_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    wave = Function(lambda _, values, numpy: numpy.sin(values))
    monkeypatch.setitem(FUNCTIONS, "wave", wave)
    with pytest.raises(WorkloadError, match="'wave' has no ends at scale 100"):
        table_of(Activation("wave"), np.ones(1), 100.0, Quantisation())


@pytest.mark.parametrize("kind", sorted(CURVES))
def test_deviation_from_float_is_in_the_report_and_falls_with_more_bits(kind: str) -> None:
    noise = {}
    for bits in (6, 10):
        settings = Quantisation(
            activation_bits=bits, weight_bits=12, levels="all", calibration="largest", accumulator_bits=32
        )
        quantised = quantise(network(kind), FRAMES, settings)
        assert quantised.report is not None
        assert isinstance(quantised.full.layers[0].activation, Table)
        noise[bits] = next(each for each in quantised.report.layers if each.precision == "full").signal_to_noise_db
    assert noise[6] > 20
    assert noise[10] > noise[6] + 12


@pytest.mark.parametrize("kind", sorted(CURVES))
def test_both_engines_and_the_plain_forward_pass_send_the_same(kind: str, tmp_path: Path) -> None:
    quantised = quantise(network(kind), FRAMES)
    runs = [
        ds.simulate(quantised, FRAMES[:5], "horowitz-45nm", engine=engine, out=tmp_path / engine)
        for engine in ("fast", "reference")
    ]
    assert runs[0].counts.equals(runs[1].counts)
    for run in runs:
        assert all(each.identical for each in run.equalities)
        for mode, integers in (("temporal_difference", quantised.full), ("sigma_delta", quantised.scaled)):
            expected = own_order(integers, integer_forward(integers, FRAMES[:5]).outputs)
            assert np.array_equal(run.outputs[mode][:], expected)


@pytest.mark.parametrize(("kind", "layers"), [("tanh", 2), ("silu", 3)])
def test_a_maximum_is_taken_before_what_never_falls_and_after_what_does(kind: str, layers: int) -> None:
    pooled = network(kind, Node("pool", MaxPool((2, 2), (2, 2)), ("curve",)))
    assert len(lower(pooled).layers) == layers
    report = quantise(pooled, FRAMES, Quantisation(levels="all", calibration="largest")).report
    assert report is not None
    assert all(each.signal_to_noise_db > 20 for each in report.layers if each.precision == "full")
