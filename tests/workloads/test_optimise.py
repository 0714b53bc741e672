"""The search for scales: what it finds, that it repeats, goes on where it stopped, and says what is wrong."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from optimised_nets import branches, chain, frames

from workloads import WorkloadError, network_from_arrays
from workloads.optimise import OptimisedScales, ScaleSearch, SenderCost, cost_and_error, optimise_scales
from workloads.optimise.order import epoch_order

pytest.importorskip("jax")

LAMBDAS = (1e-5, 1e-3, 1e-2)


def search(**fields) -> ScaleSearch:
    return ScaleSearch(**{"lambdas": LAMBDAS, "loss": "l2", "epochs": 3, "learning_rate": 0.01, "start": 4.0, **fields})


def same(one: OptimisedScales, other: OptimisedScales) -> bool:
    """Whether all numbers are equal, bit for bit."""
    columns = one.trajectory.keys() == other.trajectory.keys() and all(
        one.trajectory[name].tobytes() == other.trajectory[name].tobytes() for name in one.trajectory
    )
    return columns and [each.scales for each in one.found] == [each.scales for each in other.found]


@pytest.mark.parametrize("training", ["straight_through", "noise"])
@pytest.mark.parametrize("cost", ["rounding", "sigma_delta"])
def test_a_larger_lambda_buys_fewer_operations(cost: str, training: str) -> None:
    network, shown = chain(), frames(200, 12)
    found = optimise_scales(network, shown, search(cost=cost, training=training, epochs=20)).found
    errors, operations = cost_and_error(network, shown, [each.scales for each in found], loss="l2", cost=cost)
    assert [each.lambda_ for each in found] == list(LAMBDAS)
    assert all(more > 1.05 * fewer for more, fewer in pairwise(operations))
    assert all(less < more for less, more in pairwise(errors))


def test_found_scales_beat_equal_ones_that_cost_as_much() -> None:
    """Layers of very different sizes: one scale for all of them is far from the best."""
    random = np.random.default_rng(0)
    weights = [random.normal(0, size / 4, (16, 16)) for size in (0.3, 6.0, 0.5)]
    network, shown = network_from_arrays(weights), frames(200, 16)
    found = optimise_scales(network, shown, search(lambdas=(3e-4,), epochs=30)).found[0]
    (error,), (operations,) = cost_and_error(network, shown, found.scales, loss="l2")
    equal = np.geomspace(0.3, 30, 60)[:, None] * np.ones(3)
    errors, costs = cost_and_error(network, shown, equal, loss="l2")
    assert error < 0.8 * errors[costs <= operations].min()


def test_trajectory_begins_at_the_start_and_ends_at_what_was_found() -> None:
    network, shown = chain(), frames(45, 12)
    result = optimise_scales(network, shown, search(minibatch=9, start_scales=(2.0, 3.0, 5.0)))
    columns = result.trajectory
    assert list(columns) == ["search", "epoch", "error", "operations", "k_0", "k_1", "k_2"]
    np.testing.assert_array_equal(columns["search"], np.repeat([0, 1, 2], 4))
    np.testing.assert_array_equal(columns["epoch"], np.tile([0, 1, 2, 3], 3))
    start = columns["epoch"] == 0
    for sender, scale in enumerate((2.0, 3.0, 5.0)):
        np.testing.assert_allclose(columns[f"k_{sender}"][start], scale, rtol=1e-6)
    errors, operations = cost_and_error(network, shown, (2.0, 3.0, 5.0), loss="l2")
    np.testing.assert_allclose(columns["error"][start], errors[0], rtol=1e-5)
    np.testing.assert_allclose(columns["operations"][start], operations[0], rtol=1e-5)
    for place, found in enumerate(result.found):
        row = (columns["search"] == place) & (columns["epoch"] == 3)
        last = [columns[f"k_{sender}"][row][0] for sender in range(3)]
        assert found.scales == tuple(float(f"{k:.6g}") for k in last)
    assert result.names == ("the input", "layer1", "layer2")
    assert result.groups == (0, 1, 2)


@pytest.mark.parametrize(("together", "training"), [(True, "straight_through"), (True, "noise"), (False, "noise")])
def test_equal_calls_give_equal_bits_and_other_seeds_others(together: bool, training: str, monkeypatch) -> None:
    if not together:
        monkeypatch.setattr("workloads.optimise.descent.TOGETHER_BYTES", 0)
    graph, shown = branches(), frames(24, 243)
    settings = search(training=training, minibatch=4)
    first = optimise_scales(graph, shown, settings)
    assert same(first, optimise_scales(graph, shown, settings))
    assert not same(first, optimise_scales(graph, shown, search(training=training, minibatch=4, seed=2)))


def test_searches_one_by_one_find_what_they_find_together(monkeypatch) -> None:
    graph, shown = branches(), frames(24, 243)
    settings = search(training="noise", minibatch=4)
    together = optimise_scales(graph, shown, settings)
    monkeypatch.setattr("workloads.optimise.descent.TOGETHER_BYTES", 0)
    alone = optimise_scales(graph, shown, settings)
    single = optimise_scales(graph, shown, search(training="noise", minibatch=4, lambdas=LAMBDAS[1:2]))
    for place, found in enumerate(together.found):
        np.testing.assert_allclose(alone.found[place].scales, found.scales, rtol=1e-4)
    assert single.found[0].scales == alone.found[1].scales


class Stopped(Exception):  # noqa: N818 - not an error
    """Raised by a test in the middle of a search."""


@pytest.mark.parametrize("together", [True, False])
def test_a_search_that_was_stopped_ends_with_the_same_bits(together: bool, tmp_path, monkeypatch) -> None:
    if not together:
        monkeypatch.setattr("workloads.optimise.descent.TOGETHER_BYTES", 0)
    graph, shown, path = branches(), frames(24, 243), tmp_path / "search.npz"
    settings = search(training="noise", minibatch=4, epochs=5)
    whole = optimise_scales(graph, shown, settings)

    def stop(done: int, _: int) -> None:
        if done >= 3 * 6 + 1:
            raise Stopped

    with pytest.raises(Stopped):
        optimise_scales(graph, shown, settings, checkpoint=path, every=2, progress=stop)
    steps: list[tuple[int, int]] = []
    again = optimise_scales(graph, shown, settings, checkpoint=path, progress=lambda *step: steps.append(step))
    assert same(whole, again)
    assert steps[0][0] > 3 * 6  # epochs 0, 1 and 2 were not repeated
    assert steps[-1] == (36, 36)
    finished: list[tuple[int, int]] = []
    assert same(whole, optimise_scales(graph, shown, settings, checkpoint=path, progress=lambda *s: finished.append(s)))
    assert not finished
    assert [each.name for each in tmp_path.iterdir()] == ["search.npz"]


def test_a_checkpoint_of_another_search_is_refused_by_what_differs(tmp_path) -> None:
    network, shown, path = chain(), frames(20, 12), tmp_path / "search.npz"
    optimise_scales(network, shown, search(epochs=1), checkpoint=path)
    for what, call in {
        "epochs 1 there, 2 here": lambda: optimise_scales(network, shown, search(epochs=2), checkpoint=path),
        "seed 1234 there, 5 here": lambda: optimise_scales(network, shown, search(epochs=1, seed=5), checkpoint=path),
        "other frames": lambda: optimise_scales(network, frames(20, 12, 1), search(epochs=1), checkpoint=path),
        "other network": lambda: optimise_scales(chain(1), shown, search(epochs=1), checkpoint=path),
        "other costs": lambda: optimise_scales(
            network, shown, search(epochs=1), costs=[SenderCost(2.0)] * 3, checkpoint=path
        ),
    }.items():
        with pytest.raises(WorkloadError, match=f"is of another search: {what}\\. Name another file"):
            call()
    path.write_bytes(b"nothing")
    with pytest.raises(WorkloadError, match=r"cannot be read as a \.npz archive"):
        optimise_scales(network, shown, search(epochs=1), checkpoint=path)
    with pytest.raises(WorkloadError, match="cannot be written"):
        optimise_scales(network, shown, search(epochs=1), checkpoint=tmp_path / "nowhere" / "search.npz")


def test_senders_that_share_a_scale_keep_sharing_it() -> None:
    result = optimise_scales(branches(), frames(24, 243), search(minibatch=4))
    assert len(set(result.groups)) < len(result.groups)
    for found in result.found:
        assert [found.scales[group] for group in result.groups] == list(found.scales)


def test_each_unit_gets_its_scale_where_it_can_have_one() -> None:
    network, shown = chain(), frames(100, 12)
    settings = search(per="unit", lambdas=(1e-3,), epochs=20)
    found = optimise_scales(network, shown, settings).found[0]
    assert found.unit_factors[0] is None
    for factors, units in zip(found.unit_factors[1:], (8, 7), strict=True):
        assert factors.shape == (units,)
        assert np.log(factors).mean() == pytest.approx(0, abs=1e-5)
        assert factors.std() > 0.01
    graph = optimise_scales(branches(), frames(24, 243), search(per="unit", minibatch=4))
    by_name = dict(zip(graph.names, graph.found[0].unit_factors, strict=True))
    assert {name for name, factors in by_name.items() if factors is not None} == {"b", "c"}


def test_epochs_show_whole_runs_of_frames_where_changes_count() -> None:
    runs = epoch_order(search(cost="sigma_delta", minibatch=5), 23, 1)
    assert runs.shape == (4, 5)
    assert (np.diff(runs, axis=1) == 1).all()
    assert len(set(runs.ravel())) == 20
    shuffled = epoch_order(search(minibatch=5), 23, 1)
    assert len(set(shuffled.ravel())) == 20
    assert (epoch_order(search(minibatch=5), 23, 1) == shuffled).all()
    assert (epoch_order(search(minibatch=5), 23, 2) != shuffled).any()


def test_wrong_settings_are_refused() -> None:
    network, shown = chain(), frames(20, 12)
    with pytest.raises(WorkloadError, match="20 frames to optimise scales on, fewer than one minibatch of 21"):
        optimise_scales(network, shown, search(minibatch=21))
    with pytest.raises(WorkloadError, match="2 scales for network 'network'; needed 3"):
        optimise_scales(network, shown, search(start_scales=(1.0, 2.0)))
    with pytest.raises(WorkloadError, match=r"for lambda 1e-05 diverged in epoch 1: .* lower learning_rate"):
        optimise_scales(network, shown, search(learning_rate=1e6))
    with pytest.raises(WorkloadError, match="minibatch must be 2 or more"):
        search(cost="sigma_delta", minibatch=1)
    with pytest.raises(WorkloadError, match="lambdas"):
        search(lambdas=())
