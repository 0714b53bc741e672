"""The JSON Schema for editors knows every field and unit, and asks for nothing that `extends` may give."""

from __future__ import annotations

import json
import re

from hwmodels import accelerator_json_schema

SCHEMA = accelerator_json_schema()
DEFS = SCHEMA["$defs"]


def text_patterns(field: dict[str, object]) -> list[str]:
    choices = field["anyOf"]
    assert isinstance(choices, list)
    return [choice["pattern"] for choice in choices if "pattern" in choice]


def test_it_is_plain_json_and_names_itself() -> None:
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA
    assert SCHEMA["$id"] == "deltasim/accelerator/1"
    assert SCHEMA["properties"]["schema"]["const"] == "deltasim/accelerator/1"


def test_unknown_fields_are_refused_everywhere() -> None:
    for definition in [SCHEMA, *DEFS.values()]:
        assert definition["additionalProperties"] is False


def test_nothing_is_required_that_can_be_inherited() -> None:
    assert "required" not in SCHEMA
    assert "required" not in DEFS["Core"]
    assert DEFS["NamedCore"]["required"] == ["name", "count"]


def test_what_a_run_writes_is_not_offered_to_editors() -> None:
    assert "provenance" not in SCHEMA["properties"]
    assert "extends" in SCHEMA["properties"]


def test_quantities_are_numbers_or_text_with_a_unit() -> None:
    energy = DEFS["Cost"]["properties"]["energy_pj"]
    assert {"type": "number", "minimum": 0, "description": "in pJ"} in energy["anyOf"]
    (pattern,) = text_patterns(energy)
    assert re.search(pattern, "100 fJ")
    assert not re.search(pattern, "100")
    (latency,) = text_patterns(DEFS["Cost"]["properties"]["latency"])
    assert all(re.search(latency, text) for text in ("2 cycles", "1 cycle", "3.5 ns", "0.5e1ps"))
    assert not re.search(latency, "-1 ns")
    assert {"const": "asynchronous"} in SCHEMA["properties"]["clock"]["anyOf"]
    assert {"const": "by_capacity"} in DEFS["WeightMemory"]["properties"]["read_energy_pj"]["anyOf"]


def test_links_routers_and_areas_are_offered_to_editors() -> None:
    mesh = DEFS["Mesh"]["properties"]
    assert mesh["links"]["enum"] == ["private", "shared"]
    assert {"const": "unlimited"} in mesh["queue_depth"]["anyOf"]
    assert {"type": "integer", "minimum": 1, "maximum": 2**20} in mesh["queue_depth"]["anyOf"]
    assert "required" not in DEFS["Area"]
    (pattern,) = text_patterns(DEFS["Area"]["properties"]["router_mm2"])
    assert re.search(pattern, "0.5 mm2")
    assert not re.search(pattern, "0.5 mm")
