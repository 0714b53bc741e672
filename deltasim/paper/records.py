"""What manifests and tables of the paper's experiments hold, each record once."""

from __future__ import annotations

from typing import Any, Final, NotRequired

from typing_extensions import TypedDict

SCHEMA: Final = "deltasim/paper/1"
MANIFEST: Final = "manifest.json"


class PaperManifest(TypedDict):
    """manifest.json of an experiment; `settings` is everything that decides its numbers, of each figure its own."""

    schema: str
    figure: str
    quick: bool
    seed: int
    command: str
    versions: NotRequired[dict[str, str]]
    config_sha256: NotRequired[str]
    created: NotRequired[str]
    network: str
    dataset: str
    notes: list[str]
    settings: dict[str, Any]


class ClipRecord(TypedDict):
    """Which frames of which source a clip is, in a manifest and in figure5's table `clips`."""

    name: str
    first: int
    last: int
    frames: int


class FilmRecord(TypedDict):
    """What decides the frames and the network of Figures 5 and 6, in a manifest."""

    network: str
    network_sha256: str
    splice: int
    static: ClipRecord
    moving: ClipRecord
    train: list[ClipRecord]
    frames_sha256: str
    train_sha256: list[str]


SettingKeys = TypedDict("SettingKeys", {"cost": str, "setting": str, "lambda": float})
"""The columns that say which setting of the scales a row belongs to."""

ScaleRow = TypedDict(
    "ScaleRow",
    {"cost": NotRequired[str], "setting": str, "lambda": float, "layer": int, "name": str, "scale": float},
)
"""A row of `scales`: the scale of one sender at one setting."""


EqualityRow = TypedDict(
    "EqualityRow",
    {
        "cost": NotRequired[str],
        "setting": NotRequired[str],
        "lambda": NotRequired[float],
        "dataset": NotRequired[str],
        "what": str,
        "integers": int,
        "differing": int,
    },
)
"""A row of `equalities`: what has to agree, and how many integers of it do not."""


class MeasuredRow(TypedDict):
    """Means of Figure 4 per image, of one network; NaN of what it does not have."""

    operations: float
    operations_sparse: float
    energy_nj: float
    energy_sparse_nj: float
    train_error_percent: float
    test_error_percent: float


PointRow = TypedDict(
    "PointRow",
    {
        "dataset": str,
        "cost": str,
        "setting": str,
        "lambda": float,
        "mode": str,
        "operations": float,
        "operations_sparse": float,
        "energy_nj": float,
        "energy_sparse_nj": float,
        "train_error_percent": float,
        "test_error_percent": float,
    },
)
"""A row of Figure 4's `points`: one network on one data set."""
