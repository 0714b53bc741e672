"""The accelerator: everything a chip costs and how long it takes. Written in YAML, resolved to this."""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from hwmodels.errors import FieldsError
from hwmodels.schema.checks import problems_between_fields
from hwmodels.schema.fields import Clock, Part, Text
from hwmodels.schema.parts import (
    MOST_NAMED_CORES,
    Area,
    Core,
    Leakage,
    Memories,
    Mesh,
    Messages,
    NamedCore,
    OffChip,
    Operations,
    Precision,
    Provenance,
    Source,
    Technology,
)
from hwmodels.schema.synchronisation import Synchronisation

SCHEMA: Final = "deltasim/accelerator/1"


class Accelerator(Part):
    """A chip. `load_accelerator` makes one from a shipped profile or a YAML file, with `extends` already resolved.

    `model_dump_json(by_alias=True)` writes it and `Accelerator.model_validate_json` reads it back unchanged, with the
    provenance of every number. `sources` are those of the file and of the files it extends; `provenance` is what they
    say about each number, filled in by `load_accelerator`.
    """

    model_config = ConfigDict(title="deltasim accelerator", validate_by_name=True)

    schema_version: Annotated[Literal["deltasim/accelerator/1"], Field(alias="schema")] = SCHEMA
    name: Annotated[Text, Field(min_length=1)]
    description: Text = ""
    extends: Text | None = None
    technology: Technology | None = None
    clock: Clock
    precision: Precision
    operations: Operations
    memories: Memories = Memories()
    core: Core
    cores: Annotated[tuple[NamedCore, ...], Field(max_length=MOST_NAMED_CORES)] = ()
    off_chip: OffChip | None = None
    messages: Messages
    mesh: Mesh
    leakage: Leakage
    area: Area | None = None
    synchronisation: Synchronisation
    sources: tuple[Source, ...] = ()
    provenance: tuple[Provenance, ...] = ()

    def __repr__(self) -> str:
        each = self.mesh.cores_per_tile
        mesh = f"{self.mesh.columns} x {self.mesh.rows} tiles of {each} core{'' if each == 1 else 's'}"
        return f"Accelerator({self.name!r}: {mesh}, clock {self.clock}, {self.messages.encoding} messages)"

    def __str__(self) -> str:
        return repr(self)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        problems = problems_between_fields(self)
        if problems:
            raise FieldsError(problems)
        return self
