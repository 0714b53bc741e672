"""What SANA-FE is given to run is deltasim's network: its synapses, biases and thresholds make the same spikes."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.sanafe_cases import CASES
from benchmarks.sanafe_jobs import architecture_of, job_of, prices_of
from simulator import mode_named, plan_network
from workloads.integer.forward import integer_forward

FRAMES = 6


@pytest.fixture(scope="module", params=["split", "convolutions"])
def given(request):
    case = CASES[request.param](FRAMES)
    plan = plan_network(case.network, case.chip, mode_named("rounding"), case.mapping)
    return case, plan, job_of(case, plan, timing="simple", threads=1)


def test_neurons_that_only_compare_their_sum_with_the_threshold_spike_like_the_integers(given):
    case, _, job = given
    spikes = np.array(job["groups"][0]["trains"]).T
    for layer, (group, edges) in enumerate(zip(job["groups"][1:], job["edges"], strict=True), start=1):
        sums = spikes @ _matrix(edges, spikes.shape[1], len(group["biases"])) + group["biases"]
        spikes = sums > np.array(group["thresholds"])
        if layer < len(case.network.layers):
            np.testing.assert_array_equal(spikes, integer_forward(case.network, case.frames).activations[layer])
            assert 0 < spikes.mean() < 1
    assert not spikes.any()  # the last layer is read, it does not send


def test_every_synapse_is_there_once(given):
    _, plan, job = given
    count = sum(len(edges["weights"]) for edges in job["edges"])
    assert count == sum(
        sum(link.hits_y) * sum(link.hits_x) * plan.cores[link.sender].sent_shape[2] * link.channels
        for link in plan.flows
    )


def test_neurons_are_on_the_tiles_of_their_cores(given):
    case, plan, job = given
    for number, group in enumerate(job["groups"]):
        begin, end = plan.layers[number].cores
        cores = plan.cores[begin:end]
        tiles, neurons = np.unique([tile for tile, _ in group["places"]], return_counts=True)
        placed = {core.column * case.chip.rows + core.row: core.neurons for core in cores}
        assert dict(zip(tiles.tolist(), neurons.tolist(), strict=True)) == placed


def test_the_architecture_has_the_profiles_prices_and_times(given):
    case, plan, _ = given
    text = architecture_of(case.chip, plan, prices_of(case.accelerator), case.network.inputs)
    for line in (
        "energy_north_hop: 4200000.0e-18",
        "energy_east_hop: 3000000.0e-18",
        "energy_process_spike: 35500000.0e-18",
    ):
        assert text.count(line) == case.chip.columns * case.chip.rows
    assert text.count("name: input[0..") == len({core.tile for core in plan.cores if core.layer == "input"})


def _matrix(edges, senders, receivers):
    if "pairs" not in edges:
        return np.array(edges["weights"]).reshape(senders, receivers)
    matrix = np.zeros((senders, receivers))
    sender, receiver = np.array(edges["pairs"]).T
    np.add.at(matrix, (sender, receiver), edges["weights"])
    return matrix
