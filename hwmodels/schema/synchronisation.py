"""The synchronisation of an accelerator file: a class for each entry of hwmodels.schedules.SCHEDULES."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Discriminator, Field, Tag, model_validator

from hwmodels.errors import FieldProblem, FieldsError
from hwmodels.schema.fields import Count, LatencyField, Part
from hwmodels.schema.units import Latency


class Dataflow(Part):
    """A core begins the next frame as soon as the end of the last one has come from its sender."""

    kind: Literal["dataflow"]

    @property
    def release(self) -> tuple[tuple[int, Latency], ...]:
        """Nobody waits."""
        return ()

    @property
    def core_groups(self) -> tuple[int, ...]:
        """No groups of cores are told apart."""
        return ()


class BarrierStep(Part):
    """The latency of the barrier where at most `tiles` tiles are in use."""

    tiles: Annotated[Count, Field(ge=1)]
    latency: LatencyField


def _single_or_table(raw: object) -> Literal["single", "table"]:
    return "table" if isinstance(raw, list | tuple) else "single"


BarrierLatency: TypeAlias = Annotated[
    Annotated[LatencyField, Tag("single")] | Annotated[tuple[BarrierStep, ...], Field(min_length=1), Tag("table")],
    Discriminator(_single_or_table),
]


class Barrier(Part):
    """All cores wait for each other after every frame.

    `latency` is one value, or a table by tiles in use: the first row with enough tiles holds, the last one beyond too.
    """

    kind: Literal["barrier"]
    latency: BarrierLatency

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        if isinstance(self.latency, Latency):
            return self
        for index, (fewer, more) in enumerate(pairwise(self.latency), start=1):
            if more.tiles <= fewer.tiles:
                what = f"must be more than the {fewer.tiles} of the row before it"
                raise FieldsError([FieldProblem(("latency", index, "tiles"), what)])
        return self

    @property
    def release(self) -> tuple[tuple[int, Latency], ...]:
        """Rows (tiles in use at most, latency); one latency for all counts of tiles is a single row for one tile."""
        if isinstance(self.latency, Latency):
            return ((1, self.latency),)
        return tuple((step.tiles, step.latency) for step in self.latency)

    @property
    def core_groups(self) -> tuple[int, ...]:
        """No groups of cores are told apart."""
        return ()


class GroupBarrier(Barrier):
    """As dataflow, but cores of one group that are equally far from the input begin to send a frame together.

    `groups` says how many cores each group has: the first so many in mesh order, the next so many. The rest is in none.
    The table of latencies goes by the tiles of the cores that wait for each other.
    """

    kind: Literal["group_barrier"]  # type: ignore[assignment] # another kind with the same latency
    groups: Annotated[tuple[Annotated[Count, Field(ge=1)], ...], Field(min_length=1)]

    @property
    def core_groups(self) -> tuple[int, ...]:
        """Cores of each group, in mesh order."""
        return self.groups


Synchronisation: TypeAlias = Annotated[Dataflow | Barrier | GroupBarrier, Field(discriminator="kind")]
