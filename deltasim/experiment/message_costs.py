"""What one message costs on an accelerator, sender by sender: what a search for scales that save energy needs.

Of all that a frame costs, this is what grows with the messages: at the sender the neuron that fires, the encoder and
the way through the mesh, at each receiver decoding, arithmetic, weights and accumulators. Scanning, the input frame
and leakage are left out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from hwmodels import Accelerator
from hwmodels.encodings import ENCODINGS, Encoding, signed_digits
from hwmodels.prices.pricing import action_prices
from hwmodels.records import ACTIONS
from simulator import Plan, SimulationError
from simulator.placement.plan import FlowPlan, words_per_message
from workloads.optimise import SenderCost

_AJ_PER_PJ = 10**6
_COLUMN = {action.column: number for number, action in enumerate(ACTIONS)}
_MEASURES: Final[dict[str, Callable[[int], int]]] = {"value": lambda _: 1, "unit": abs, "digit": signed_digits}
"""What SenderCost can count of a value that is not zero."""
_TRIED: Final = range(1, 256)  # magnitudes that tell measures apart


def message_costs(plan: Plan, accelerator: Accelerator) -> tuple[SenderCost, ...]:
    """The cost in pJ of what each layer but the last sends, input first, means over its neurons.

    Exact where every neuron of a sender reaches equally many synapses; at the borders of a convolution a message that
    reaches fewer is priced by its share of the mean. Multicast copies are priced one by one. Raises SimulationError
    where a search has no terms for what a value costs in the accelerator's messages.
    """
    prices = action_prices(accelerator)
    senders = range(len(plan.layers) - 1)
    return tuple(_cost(plan, prices.tolist(), layer) for layer in senders)


def _cost(plan: Plan, prices: list[list[int]], layer: int) -> SenderCost:
    adds = multiplies = memory = messages = synapses = 0.0
    cores = range(*plan.layers[layer].cores)
    for link in (link for link in plan.flows if link.sender in cores):
        weight = plan.cores[link.sender].sent_shape[2]  # channels, each of which sends
        own = prices[plan.cores[link.sender].position]
        paid = prices[plan.cores[link.receiver].position]
        way = _way_aj(plan, link, own)
        for down in link.hits_y:
            for across in link.hits_x:
                hits = down * across
                if not hits:
                    continue
                reached = hits * link.channels
                synapses += weight * reached
                adds += weight * reached * paid[_COLUMN["adds"]]
                multiplies += weight * reached * paid[_COLUMN["multiplies"]]
                memory += weight * _memory_aj(plan, link, hits, paid)
                messages += weight * (way + own[_COLUMN["messages_out"]] + paid[_COLUMN["messages_in"]])
    neurons = plan.layers[layer].neurons
    fires = sum(prices[plan.cores[core].position][_COLUMN["fires"]] * plan.cores[core].neurons for core in cores)
    per_add, per_multiply, per_access = (each / synapses / _AJ_PER_PJ for each in (adds, multiplies, memory))
    per_message, per_fire = messages / neurons / _AJ_PER_PJ, fires / neurons / _AJ_PER_PJ
    sent, added = _measures(plan.encoding)
    per, message = dict.fromkeys(_MEASURES, 0.0), dict.fromkeys(_MEASURES, 0.0)
    per[added] += per_add
    per[sent] += per_multiply if plan.encoding.multiplies else 0.0
    per[sent] += per_access
    message[sent] += per_message
    message["value"] += per_fire
    return SenderCost(
        per_unit=per["unit"],
        per_value=per["value"],
        per_digit=per["digit"],
        message_per_unit=message["unit"],
        message_per_value=message["value"],
    )


def _measures(encoding: Encoding) -> tuple[str, str]:
    """By which of `_MEASURES` of a value its messages, and the additions these make, are counted.

    Raises SimulationError where there is none.
    """
    found = _found_measures(encoding)
    if found is None:
        known = " or ".join(name for name, each in ENCODINGS.items() if _found_measures(each))
        raise SimulationError(
            f"messages.encoding is {encoding.name}: a search for scales has no terms for what a value costs in such "
            f"messages, only in {known} ones: search for operations instead of energy, or for the energy of an "
            "accelerator that sends those"
        )
    return found


def _found_measures(encoding: Encoding) -> tuple[str, str] | None:
    sent = _measure(lambda value: len(encoding.carried(value)))
    added = _measure(lambda value: sum(map(encoding.adds, encoding.carried(value))))
    return (sent, added) if sent and added and sent != "digit" else None  # SenderCost has no message per digit


def _measure(count: Callable[[int], int]) -> str | None:
    """The measure that counts the same of all values, if there is one."""
    counted = [count(value) for value in _TRIED]
    return next((name for name, each in _MEASURES.items() if counted == [each(value) for value in _TRIED]), None)


def _way_aj(plan: Plan, link: FlowPlan, own: list[int]) -> float:
    """Energy of one message's flits on their way."""
    hops = link.hops_ew * own[_COLUMN["flit_hops_ew"]] + link.hops_ns * own[_COLUMN["flit_hops_ns"]]
    local = 0 if link.hops_ew or link.hops_ns else own[_COLUMN["flits_local"]]
    return float(plan.message_flits * (hops + local))


def _memory_aj(plan: Plan, link: FlowPlan, hits: int, paid: list[int]) -> float:
    """Energy of the words that serving one message takes: weights read, accumulators read and written."""
    weights, state = words_per_message(plan, link, hits)
    from_where = "off_chip_weight_reads" if plan.cores[link.receiver].streams else "weight_reads"
    return float(
        weights * paid[_COLUMN[from_where]] + state * (paid[_COLUMN["state_reads"]] + paid[_COLUMN["state_writes"]])
    )
