"""A mode in an experiment file, by its name, with hyphens or underscores."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticKnownError

from hwmodels.modes import MODES_TABLE
from workloads.field_types import underscored


def _known_mode(given: object) -> object:
    if isinstance(given, str) and given in MODES_TABLE:
        return given
    *most, last = map(repr, MODES_TABLE)
    raise PydanticKnownError("literal_error", {"expected": f"{', '.join(most)} or {last}"})


ModeName = Annotated[  # the second validator is the first to see the value
    str,
    BeforeValidator(_known_mode),
    BeforeValidator(underscored),
    WithJsonSchema({"enum": list(MODES_TABLE), "type": "string"}),
]
