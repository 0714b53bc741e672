"""What is proposed is followed, word for word, and does."""

from __future__ import annotations

import re
import shlex
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from deltasim.cli.optimise import run_command
from deltasim.experiment.files import Experiment, quantisation_of
from deltasim.experiment.job import Settings, plan_job
from deltasim.experiment.mapping_choice import MappingChoice
from hwmodels import Accelerator, ConfigError, load_accelerator
from simulator import InfeasibleError, SimulationError
from simulator.placement.shortages import kib
from workloads import Network, Quantisation, QuantisedNetwork, frames_of_array, network_from_arrays, quantise

BASE = load_accelerator("horowitz-45nm")
PIXELS = np.random.default_rng(3).integers(0, 256, (20, 64), dtype=np.uint8)
FIELD = re.compile(r"([a-z_.0-9\[\]]+): ([^ ]+(?: KiB)?)(?: \(and its ([a-z_, ]+)\))?")
THEIRS = {"word_bits": 64, "energy_pj": 100, "time_per_word": "10 ns"}


@st.composite
def networks(draw: Any) -> Network:
    sizes = [64, *draw(st.lists(st.integers(8, 200), min_size=0, max_size=3)), draw(st.integers(2, 10))]
    random = np.random.default_rng(draw(st.integers(0, 1000)))
    pairs = list(pairwise(sizes))
    weights = [random.normal(0, 0.2, pair).astype(np.float32) for pair in pairs]
    return network_from_arrays(weights, [np.full(pair[1], 0.01, np.float32) for pair in pairs])


@st.composite
def changes(draw: Any) -> dict[str, Any]:
    """What a chip with too little of something differs in from the base: fields by key path."""
    sizes = st.sampled_from(["1 KiB", "2 KiB", "9 KiB", "64 KiB", "500 B", "8 KiB"])
    priced = draw(st.booleans())
    found: dict[str, Any] = {
        "mesh.columns": draw(st.integers(1, 3)),
        "mesh.rows": draw(st.integers(1, 2)),
        "core.weight_memory.capacity": draw(sizes),
        "core.state_memory.capacity": draw(sizes),
    }
    if priced:
        found |= {f"core.weight_memory.{action}_energy_pj": 1 for action in ("read",)}
        found |= {f"core.state_memory.{action}_energy_pj": 1 for action in ("read", "write")}
    else:
        found |= {
            "memories.sram.points": [{"capacity": "400 B", "energy_pj": 1}, {"capacity": "12 KiB", "energy_pj": 3}]
        }
        found |= {f"core.{memory}.capacity": draw(sizes.filter(lambda size: size != "64 KiB")) for memory in MEMORIES}
    if draw(st.booleans()):
        kind = {"name": "big", "count": 1}
        found["cores"] = [kind | ({"weight_memory": {"capacity": "10 KiB"}} if draw(st.booleans()) else {})]
    if draw(st.booleans()):
        found["off_chip"] = None
    return found


MEMORIES = ("weight_memory", "state_memory")


def with_fields(accelerator: Accelerator, fields: dict[str, Any]) -> Accelerator:
    """The accelerator with every field set, as in its file."""
    record = accelerator.model_dump(mode="json", by_alias=True)
    for path, value in fields.items():
        place: Any = record
        *folders, last = re.findall(r"[a-z_]+|\d+", path)
        for key in folders:
            place = place[int(key)] if key.isdigit() else place[key]
        place[last] = value
    for kind in record["cores"]:  # as a file would have it: filled up from the default core
        own = {name: value for name, value in kind.items() if name != "weight_memory"}
        kind.update({**record["core"], **own})
        kind["weight_memory"] = {**record["core"]["weight_memory"], **kind.get("weight_memory", {})}
    return Accelerator.model_validate(record)


def proposals(message: str) -> list[dict[str, str]]:
    """The fields and values of every proposal in the last line."""
    line = message.splitlines()[-1]
    if "each of these would do: " not in line:
        return []
    found = []
    for proposal in line.split("each of these would do: ")[1].split("; "):
        matches = FIELD.findall(proposal)
        assert " and ".join(match.group(0) for match in FIELD.finditer(proposal)) == proposal  # nothing else is said
        found.append({field: value for field, value, _ in matches})
        found[-1] |= {f"off_chip.{name}": str(THEIRS[name]) for each in matches for name in each[2].split(", ") if name}
    return found


def value_of(text: str) -> Any:
    return {"true": True, "false": False}.get(text, int(text) if text.isdigit() else text)


def planned(quantised: QuantisedNetwork, chip: Accelerator, cores: int | None) -> None:
    plan_job(quantised, frames_of_array("pixels", PIXELS), chip, Settings(mapping=MappingChoice(cores=cores)))


@settings(deadline=None)
@given(networks(), changes(), st.none() | st.integers(1, 5), st.sampled_from(["wrap", "saturate"]))
def test_what_would_make_a_network_fit_does(
    network: Network,
    fields: dict[str, Any],
    cores: int | None,
    overflow: Any,
) -> None:
    chip, precision = with_fields(BASE, fields), {"overflow": overflow}
    quantised = quantise(network, PIXELS, Quantisation(**precision))
    try:
        planned(quantised, chip, cores)
    except InfeasibleError as error:
        message = str(error)
    else:
        assume(False)
    found = proposals(message)
    event(f"{len(found)} proposals")
    assert ("one each" in message) <= ("so that their parts fit memories" not in message)
    for proposal in found:
        ours = {field: value_of(value) for field, value in proposal.items()}
        event(", ".join(sorted(field.split(".")[-1] for field in ours)))
        given_ = {field.removeprefix("quantisation."): value for field, value in ours.items() if "quantis" in field}
        hardware = {f: v for f, v in ours.items() if not f.startswith(("quantisation.", "mapping."))}
        if any(field.startswith("off_chip.") for field in hardware) and chip.off_chip is None:
            hardware = {
                "off_chip": {f.removeprefix("off_chip."): v for f, v in hardware.items() if "off_chip" in f}
            } | {f: v for f, v in hardware.items() if "off_chip" not in f}
        better = with_fields(chip, hardware)
        again = quantise(network, PIXELS, Quantisation(**{**precision, **given_})) if given_ else quantised
        planned(again, better, ours.get("mapping.cores", cores))


def test_one_core_with_room_for_all_needs_a_core_each() -> None:
    chip = with_fields(BASE, {"mesh.columns": 1, "mesh.rows": 1})
    weights = [np.ones((64, 8), np.float32), np.ones((8, 8), np.float32), np.ones((8, 2), np.float32)]
    quantised = quantise(
        network_from_arrays(weights, [np.zeros(each.shape[1], np.float32) for each in weights]), PIXELS
    )
    with pytest.raises(InfeasibleError) as caught:
        planned(quantised, chip, None)
    assert str(caught.value).splitlines()[1:] == [
        "  - 3 layers and the input need at least 4 cores, one each (a core runs one layer, however much it holds): "
        "horowitz-45nm has 1 to use, 3 too few",
        "  - each of these would do: mesh.rows: 4",
    ]


def test_a_memory_beyond_the_cited_points_is_proposed_with_what_it_takes() -> None:
    chip = with_fields(BASE, {"mesh.columns": 2, "mesh.rows": 1, "core.weight_memory.capacity": "8 KiB"})
    weights = [np.random.default_rng(1).normal(0, 1, (64, 40_000)).astype(np.float32)]
    quantised = quantise(network_from_arrays(weights, [np.zeros(40_000, np.float32)]), PIXELS)
    with pytest.raises(InfeasibleError) as caught:
        planned(quantised, chip, None)
    (proposal,) = [each for each in proposals(str(caught.value)) if "core.weight_memory.capacity" in each]
    assert proposal["core.weight_memory.capacity"] == "2500 KiB"
    assert proposal["memories.sram.beyond_points"] == "extrapolate"


@given(st.integers(1, 2**40))
def test_a_memory_as_large_as_is_said_to_be_needed_is_enough(bits: int) -> None:
    said = float(kib(bits / 8192).removesuffix(" KiB"))
    assert bits / 8192 <= said <= bits / 8192 * 1.02 + 0.1 * (bits >= 81920)


@pytest.mark.parametrize(("field", "bits"), [("weight_bits", 1), ("activation_bits", 1), ("accumulator_bits", 4)])
def test_a_chip_too_narrow_for_any_network_is_refused(field: str, bits: int) -> None:
    chip = with_fields(BASE, {f"precision.{field}": bits})
    with pytest.raises(ConfigError, match=rf"'horowitz-45nm': precision.{field}: {bits}: too narrow for any network"):
        quantisation_of(Experiment().quantisation, chip)
    quantised = quantise(network_from_arrays([np.ones((64, 2), np.float32)], [np.zeros(2, np.float32)]), PIXELS)
    least = 8 if field == "accumulator_bits" else 2
    with pytest.raises(SimulationError, match=rf"widen it to {least} at least"):
        planned(quantised, chip, None)


@pytest.mark.parametrize("what", [None, Path("a clip.mp4"), Path("x.yaml")])
@pytest.mark.parametrize("network", [None, "my net.onnx"])
@pytest.mark.parametrize("normalisation", [None, "torch-rgb"])
def test_the_command_after_a_search_runs_what_was_searched_on(
    what: Path | None, network: str | None, normalisation: str | None
) -> None:
    named = {"network": network, "normalisation": normalisation, "accelerator": None}
    words = shlex.split(run_command(what, named, "scales/a b.yaml"))
    assert words[:2] == ["deltasim", "run"]
    assert words[-2:] == ["--scales", "scales/a b.yaml"]
    assert (str(what) in words) == (what is not None)
    assert words.count("--network") == (network is not None) == ("my net.onnx" in words)
    assert words.count("--normalisation") == (normalisation is not None)
