"""The JSON Schema of accelerator files, for editors that complete and check YAML while it is written."""

from __future__ import annotations

from typing import Any, Final

from hwmodels.schema.accelerator import SCHEMA, Accelerator

# Items of lists are written whole; everything else may be left to the file that is extended.
_REQUIRED: Final = {
    "SramPoint": ["capacity", "energy_pj"],
    "BarrierStep": ["tiles", "latency"],
    "Source": ["of", "source", "status"],
    "NamedCore": ["name", "count"],
}


def accelerator_json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of accelerator files as an editor needs it.

    Names, types, units and ranges are those of `load_accelerator`. That nothing is missing is only known once `extends`
    is resolved, so hardly any field is required here.
    """
    schema: dict[str, Any] = Accelerator.model_json_schema(by_alias=True, mode="validation")
    definitions = schema["$defs"]
    del schema["properties"]["provenance"], definitions["Provenance"]
    for name, definition in [("", schema), *definitions.items()]:
        definition.pop("required", None)
        if name in _REQUIRED:
            definition["required"] = _REQUIRED[name]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA, **schema}
