"""What a message costs, against what the simulator counts and the prices make of it."""

import numpy as np
import pytest

from deltasim.experiment.message_costs import message_costs
from hwmodels import chip_of, load_accelerator, price, totals
from hwmodels.prices.pricing import action_prices
from hwmodels.records import ACTIONS, COLUMNS
from simulator import SimulationError, mode_named, plan_network, simulate
from simulator.placement.plan import words_per_message
from workloads import Quantisation, load_frames, load_network, quantise

ACTION_NAMES = [action.column for action in ACTIONS]
PER_MESSAGE = (
    "arithmetic_add_aj",
    "arithmetic_multiply_aj",
    "weight_memory_read_aj",
    "neuron_fire_aj",
    "encoder_encode_aj",
    "decoder_decode_aj",
    "mesh_local_aj",
    "mesh_hop_east_west_aj",
    "mesh_hop_north_south_aj",
)


@pytest.mark.parametrize(
    "name", ["horowitz-45nm", "oconnor2017-int32", "loihi1-davies2018", "seneca-22nm", "truenorth"]
)
def test_dense_layers_are_priced_exactly(name: str) -> None:
    accelerator = load_accelerator(name)
    chip, own = chip_of(accelerator), accelerator.precision
    frames = load_frames("temporal-mnist").read(0, 20)
    settings = Quantisation(weight_bits=6, activation_bits=8, accumulator_bits=own.accumulator_bits)
    network = quantise(load_network("mnist-784-200-200-10"), frames, settings).scaled
    plan = plan_network(network, chip, mode_named("sigma_delta"))
    result = simulate(network, frames, chip, "sigma_delta")
    prices = action_prices(accelerator)
    (energy,) = totals(price(result.counts_table(), accelerator)).to_dict("records")

    def counted(column: str) -> np.ndarray:
        return result.counts[:, :, COLUMNS.index(column)].sum(axis=0)

    expected = sum(energy[column] for column in PER_MESSAGE)
    for link in plan.flows:  # accumulators are also read when neurons are scanned: only what messages cause counts here
        _, words = words_per_message(plan, link, 1)
        messages = int(counted("messages_in")[link.receiver])
        one_read, one_write = (
            energy[f"state_memory_{action}_aj"] // int(counted(f"state_{action}s").sum())
            for action in ("read", "write")
        )
        expected += messages * words * (one_read + one_write)
        flits = counted("messages_out")[link.sender] * plan.message_flits
        tokens = counted("tokens_out")[link.sender] * plan.token_flits  # ends of frames
        mesh = sum(
            counted(column)[link.sender] * prices[plan.cores[link.sender].position][ACTION_NAMES.index(column)]
            for column in ("flits_local", "flit_hops_ew", "flit_hops_ns")
        )
        expected -= mesh * tokens / (flits + tokens)
    predicted = 0.0
    for layer, cost in enumerate(message_costs(plan, accelerator)):
        (fan_out,) = {link.channels for link in plan.flows if link.sender == layer}
        units, values = (int(counted(column)[layer]) for column in ("l1_out", "nonzero"))
        predicted += units * (cost.per_unit * fan_out + cost.message_per_unit)
        predicted += values * (cost.per_value * fan_out + cost.message_per_value)
        assert cost.per_digit == 0
    assert predicted * 1e6 == pytest.approx(expected, rel=1e-12)


def test_shift_add_pays_by_digits(tmp_path) -> None:
    file = tmp_path / "chip.yaml"
    file.write_text(
        "schema: deltasim/accelerator/1\nname: digits\nextends: horowitz-45nm\nmessages: {encoding: shift_add}\n"
    )
    accelerator = load_accelerator(file)
    frames = load_frames("temporal-mnist").read(0, 5)
    network = quantise(load_network("mnist-784-200-200-10"), frames).scaled
    costs = message_costs(plan_network(network, chip_of(accelerator), mode_named("sigma_delta")), accelerator)
    add_pj = accelerator.operations.add[accelerator.core.add.type].energy_pj.value / 1e6
    assert [cost.per_digit for cost in costs] == pytest.approx([add_pj] * 3)
    assert all(cost.per_unit == 0 and cost.per_value > 0 for cost in costs)


def test_what_has_no_terms_is_refused_with_what_has(tmp_path) -> None:
    file = tmp_path / "chip.yaml"
    file.write_text(
        "schema: deltasim/accelerator/1\nname: bursts\nextends: horowitz-45nm\n"
        "messages: {encoding: sign_magnitude_burst}\n"
    )
    accelerator = load_accelerator(file)
    network = quantise(load_network("mnist-784-200-200-10"), load_frames("temporal-mnist").read(0, 5)).scaled
    plan = plan_network(network, chip_of(accelerator), mode_named("sigma_delta"))
    expected = (
        "messages.encoding is sign_magnitude_burst: .* only in unary or graded or shift_add ones: search for oper"
    )
    with pytest.raises(SimulationError, match=expected):
        message_costs(plan, accelerator)
