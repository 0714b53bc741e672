"""What the JSON files of a run hold: each record once, checked when its file is read.

Where a key may be missing, an older run or one that was written by hand does not say it. The records stay mappings, as
they are on disk: a user of Python meets the names that the files have.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypeVar, cast

from pydantic import TypeAdapter, ValidationError
from typing_extensions import TypedDict

from reports.errors import RunError

Record = TypeVar("Record")


class FileRecord(TypedDict):
    """A file of the run, as it was written."""

    bytes: int
    sha256: str


class WidthsRecord(TypedDict, total=False):
    """How the network was quantised: `scales` k per precision, of every layer that sends."""

    weight_bits: int
    activation_bits: int
    accumulator_bits: int
    overflow: str
    rounding: str
    scales: dict[str, list[float]]


class PricedRecord(TypedDict):
    """Of a run at other prices: the accelerator whose they are, the one simulated, and the hash of the run."""

    accelerator: str
    simulated_on: str
    run: str


class RunRecord(TypedDict):
    """What whoever simulates says of a run; the manifest but for what its writer adds.

    `first_frame`, `frame_step`: numbers of the frames in their source. `frame_interval_fs`: None where frames are not
    paced. `output_scales`: per mode, the real value of one unit of each output. `hashes`: of all that decides the bytes
    of the directory, by name.
    """

    modes: list[str]
    name: NotRequired[str]
    network: NotRequired[str]
    dataset: NotRequired[str]
    first_frame: NotRequired[int]
    frame_step: NotRequired[int]
    classes: NotRequired[list[str] | None]
    output_shape: NotRequired[list[int]]
    warnings: NotRequired[list[str]]
    frame_interval_fs: NotRequired[int | None]
    frame_rate_hz: NotRequired[float | None]
    arrival: NotRequired[str]
    engine: NotRequired[str]
    output_scales: NotRequired[dict[str, list[float]]]
    quantisation: NotRequired[WidthsRecord]
    hashes: NotRequired[dict[str, str]]
    versions: NotRequired[dict[str, str]]
    priced: NotRequired[PricedRecord]


class Manifest(RunRecord):
    """manifest.json."""

    schema_version: int
    config_hash: str
    frames: int
    files: dict[str, FileRecord]


class CoreRecord(TypedDict):
    """An entry of layers.json: a core in use; see `reports.run.parts`.

    What memories hold is the most that any mode needs; a capacity of None is no limit.
    """

    core: int
    layer: str
    neurons: int
    name: NotRequired[str]
    layer_index: NotRequired[int]
    part: NotRequired[int]
    parts: NotRequired[int]
    position: NotRequired[int]
    kind: NotRequired[str | None]
    column: NotRequired[int]
    row: NotRequired[int]
    rows: NotRequired[list[int]]
    channels: NotRequired[list[int]]
    shape: NotRequired[list[int]]
    sent_shape: NotRequired[list[int]]
    senders: NotRequired[list[int]]
    fan_out: NotRequired[int | None]
    weights: NotRequired[int]
    weight_kib: NotRequired[float]
    weight_capacity_kib: NotRequired[float | None]
    state_kib: NotRequired[float]
    state_capacity_kib: NotRequired[float | None]
    streams_weights: NotRequired[bool]
    static_bound: NotRequired[dict[str, int]]
    static_bits_needed: NotRequired[dict[str, int]]


LinkRecord = TypedDict("LinkRecord", {"from": list[int], "to": list[int]})
"""A link of the mesh, from one tile to its neighbour, each [column, row]."""


class MeshRecord(TypedDict):
    """mesh.json; see `reports.run.mesh`."""

    columns: int
    rows: int
    cores_per_tile: int
    links: Literal["shared", "private"]
    multicast: bool
    used_links: list[LinkRecord]


class QuantisedCoreRecord(TypedDict):
    """What quantisation did to one core's layer at one precision; the input has no weights and no sums."""

    precision: str
    core: int
    layer: str
    scale: float | None
    signal_to_noise_db: float | str
    saturated_share: float
    weight_low: NotRequired[int]
    weight_high: NotRequired[int]
    static_bound: NotRequired[int]
    bits_needed: NotRequired[int]
    accumulator_bits: NotRequired[int]
    peak: NotRequired[int]


class QuantisationRecord(TypedDict):
    """quantisation.json; see `reports.tables.quantisation`."""

    frames: int
    agreement: dict[str, float]
    layers: list[QuantisedCoreRecord]
    left_to_float: NotRequired[list[str]]


def checked(
    kind: type[Record],
    content: Any,  # noqa: ANN401 - whatever a JSON file holds
    where: str,
    remedy: str = "simulate the run again",
) -> Record:
    """`content` as it is, if it is such a record; more keys than it has are let be.

    Raises RunError with the file, `where`, the field, the value and the remedy.
    """
    try:
        TypeAdapter(kind).validate_python(content, strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "the whole of it"
        given = "" if first["type"] == "missing" else f" {first['input']!r:.80}"
        reason = f"{first['msg'][:1].lower()}{first['msg'][1:]}"
        raise RunError(f"{where}: {field}:{given} {reason}; {remedy}".replace(":  ", ": ")) from None
    return cast("Record", content)
