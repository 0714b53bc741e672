"""Reading a run directory back, with every check that keeps a damaged run from looking like a result."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from hwmodels import Accelerator, Chip, chip_of, leakage_mw, power_mw, price, totals
from hwmodels.records import COLUMNS, INDEX_COLUMNS, MESSAGE_COLUMNS, SCHEMA_VERSION
from reports import changes, files, layer_costs, tables
from reports.answers import answer_columns
from reports.atomic import read_arrays, read_json
from reports.consolidate import describe
from reports.equality import Equality, check_equality
from reports.errors import RunError
from reports.outputs import StoredOutputs, read_outputs
from workloads import WorkloadError

FS_PER_S: Final = 10**15
_UNREADABLE = (OSError, ValueError, KeyError, zipfile.BadZipFile, pa.ArrowException, WorkloadError)


def load_run(path: Path | str) -> Run:
    """Read the finished run in directory `path`.

    Raises RunError, with the remedy, if it is no run, an unfinished one, of another schema version, or if any file is
    missing, truncated or changed since it was written.
    """
    path = Path(path)
    manifest = _read_manifest(path)
    for name, expected in manifest["files"].items():
        _check_file(path / name, expected)
    try:
        outputs, labels = read_outputs(path / files.OUTPUTS, manifest["modes"], int(manifest["frames"]))
        return Run(
            path=path,
            manifest=manifest,
            experiment_yaml=(path / files.EXPERIMENT).read_text(encoding="utf-8"),
            accelerator=Accelerator.model_validate(read_json(path / files.ACCELERATOR)),
            cores=tuple(read_json(path / files.LAYERS)),
            counts=_read_parquet(path / files.COUNTS, [*INDEX_COLUMNS, *COLUMNS]),
            outputs=outputs,
            labels=labels,
            sample_frames=read_arrays(path / files.SAMPLE_FRAMES)["frames"],
            quantisation=read_json(path / files.QUANTISATION) if files.QUANTISATION in manifest["files"] else None,
        )
    except _UNREADABLE as error:
        raise RunError(
            f"{path}: a file of the run does not hold what it should ({error}); simulate it again"
        ) from error


@dataclass(frozen=True)
class Run:
    """A finished run. Tables are computed when first asked for, and never from anything but the files of the run.

    `cores` is layers.json: one entry per core; `counts` the counts table with `mode` and `layer` as categories;
    `outputs` (frames, classes) integers per mode, on disk until they are asked for (see `reports.outputs`); `labels`
    (frames,) or None; `sample_frames` uint8, pictures of frames 0..n-1: (n, height, width) grey or (n, height, width,
    3) red, green and blue; `quantisation` what was measured when the network was quantised (see
    `reports.quantisation`), None in a run that does not say.
    """

    path: Path
    manifest: dict[str, Any]
    experiment_yaml: str
    accelerator: Accelerator
    cores: tuple[dict[str, Any], ...]
    counts: pd.DataFrame
    outputs: dict[str, StoredOutputs]
    labels: NDArray[np.int64] | None
    sample_frames: NDArray[np.uint8]
    quantisation: dict[str, Any] | None = None

    @property
    def modes(self) -> list[str]:
        """The networks simulated, in the order of the run."""
        return list(self.manifest["modes"])

    @property
    def name(self) -> str:
        """Title of the run."""
        return str(self.manifest.get("name") or self.path.name)

    @property
    def frame_count(self) -> int:
        """Frames simulated per mode."""
        return int(self.manifest["frames"])

    @property
    def neurons(self) -> list[int]:
        """Neurons of each core."""
        return [int(core["neurons"]) for core in self.cores]

    @property
    def interval_fs(self) -> int:
        """Time between arrivals of frames; 0 if frames are taken as fast as possible."""
        return int(self.manifest.get("frame_interval_fs") or 0)

    @cached_property
    def chip(self) -> Chip:
        """The accelerator's timing and widths, as the simulator saw them."""
        return chip_of(self.accelerator)

    @property
    def has_messages(self) -> bool:
        """True if every message on the wire was recorded."""
        return files.MESSAGES in self.manifest["files"]

    @property
    def classes(self) -> list[str]:
        """Names of the outputs: those given, else their numbers."""
        width = next(iter(self.outputs.values())).shape[1]
        return [str(name) for name in self.manifest.get("classes") or range(width)]

    @property
    def classifies(self) -> bool:
        """True if the outputs are classes; False if they are a map of features, whose largest value is no answer."""
        height, width, _ = self.cores[-1].get("sent_shape") or (1, 1, 0)
        return height * width == 1 or self.labels is not None or bool(self.manifest.get("classes"))

    @property
    def warnings(self) -> list[str]:
        """What the reader of any result must know, such as a video that ended early."""
        return [str(text) for text in self.manifest.get("warnings") or ()]

    @property
    def senders(self) -> tuple[tuple[int, ...], ...]:
        """For each core those that send to it; of a run that does not say, each core to the next one."""
        given = [core.get("senders") for core in self.cores]
        return tuple(tuple(each) if each is not None else tuple(range(core)[-1:]) for core, each in enumerate(given))

    @cached_property
    def sending(self) -> frozenset[int]:
        """The cores that send to others."""
        return frozenset(core for senders in self.senders for core in senders)

    @property
    def is_chain(self) -> bool:
        """True if every core but the last sends to the next one and to no other."""
        return all(senders == tuple(range(core)[-1:]) for core, senders in enumerate(self.senders))

    @cached_property
    def messages(self) -> pd.DataFrame:
        """One row per message on the wire. Raises RunError if messages were not recorded."""
        return self.messages_of()

    def messages_of(self, mode: str | None = None, first: int = 0, last: int | None = None) -> pd.DataFrame:
        """The messages of one mode and of frames `first` to `last` only, without reading the others into memory.

        Raises RunError if messages were not recorded.
        """
        if not self.has_messages:
            raise RunError(
                f"{self.path}: messages were not recorded; run the experiment again with record_messages: true"
            )
        chosen = pc.field("frame") >= first
        if last is not None:
            chosen &= pc.field("frame") <= last
        if mode is not None:
            chosen &= pc.field("mode") == mode
        return _read_parquet(self.path / files.MESSAGES, ["mode", *MESSAGE_COLUMNS], chosen)

    @cached_property
    def answers(self) -> dict[str, Any]:
        """The class each network answers, the first of its largest outputs; see `reports.answers.answer_columns`."""
        scales = self.manifest.get("output_scales", {})
        return answer_columns(self.outputs, self.labels, scales=scales, classifies=self.classifies)

    @cached_property
    def energies(self) -> pd.DataFrame:
        """Energy of every row of `counts`, and of the chip, by action in attojoules; see `hwmodels.price`."""
        return price(self.counts, self.accelerator)

    @cached_property
    def frames(self) -> pd.DataFrame:
        """One row per mode and frame; see `reports.tables.frames_table`."""
        return tables.frames_table(
            self.counts, self.energies, self.answers, self.interval_fs, self.chip.clock_period_fs
        )

    @cached_property
    def layers(self) -> pd.DataFrame:
        """One row per mode and layer; see `reports.tables.layers_table`."""
        return tables.layers_table(self.counts, self.energies, self.neurons, self.chip.accumulator_bits)

    @cached_property
    def equalities(self) -> tuple[Equality, ...]:
        """Networks that must agree, compared integer by integer; see `reports.equality`."""
        return check_equality(self.counts, self.outputs, sum(self.neurons))

    @cached_property
    def layer_shares(self) -> pd.DataFrame:
        """One row per mode, frame and core; see `reports.layer_costs.layer_shares_table`."""
        return layer_costs.layer_shares_table(self.counts)

    def changes_of(self, mode: str) -> pd.DataFrame:
        """One row per frame and core of network `mode`; see `reports.changes.changes_table`."""
        return changes.changes_table(self.counts, mode)

    def summary(self) -> pd.DataFrame:
        """One row per mode; see `reports.tables.summary_table`."""
        return tables.summary_table(self.frames, self.energies, self.power_mw, self.equalities)

    @cached_property
    def energy(self) -> pd.DataFrame:
        """One row per mode, core, component and action: energy over all frames; see `reports.tables.energy_table`."""
        return tables.energy_table(self.energies, [str(core["layer"]) for core in self.cores])

    @cached_property
    def frame_rate_hz(self) -> float:
        """Frames per second at which power is given: the experiment's, else the most all networks sustain."""
        if self.manifest.get("frame_rate_hz"):
            return float(self.manifest["frame_rate_hz"])
        return self.frame_count * FS_PER_S / max(int(self.counts["update_end_fs"].max()), 1)

    @cached_property
    def power_mw(self) -> dict[str, float]:
        """Mean power of each network at `frame_rate_hz`, leakage included."""
        static_mw = leakage_mw(self.accelerator, range(len(self.cores)))
        dynamic = totals(self.energies).set_index("mode")["dynamic_aj"]
        return {mode: power_mw(dynamic[mode] / self.frame_count, static_mw, self.frame_rate_hz) for mode in self.modes}


def _read_manifest(path: Path) -> dict[str, Any]:
    if path.exists() and not path.is_dir():
        raise RunError(f"{path}: is a file, not a run directory")
    if not path.is_dir():
        hint = (
            "; an unfinished run of it exists, start it again to go on"
            if files.partial_directory(path).is_dir()
            else ""
        )
        raise RunError(f"{path}: no such run directory{hint}")
    if (path / "partial.json").is_file():
        raise RunError(f"{path}: this run is unfinished; start it again to go on from its last finished chunk")
    if not (path / files.MANIFEST).is_file():
        raise RunError(f"{path}: is no run directory (it has no {files.MANIFEST})")
    try:
        manifest = read_json(path / files.MANIFEST)
        version, listed, modes = manifest["schema_version"], dict(manifest["files"]), list(manifest["modes"])
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise RunError(
            f"{path / files.MANIFEST}: not a manifest of a run ({error!r}); simulate the run again"
        ) from error
    if not all(isinstance(each, dict) and {"bytes", "sha256"} <= each.keys() for each in listed.values()):
        raise RunError(f"{path / files.MANIFEST}: its list of files is malformed; simulate the run again")
    if version != SCHEMA_VERSION:
        raise RunError(
            f"{path}: written in schema version {version}, this program reads {SCHEMA_VERSION}; simulate the run again"
        )
    needed = {files.EXPERIMENT, files.ACCELERATOR, files.LAYERS, files.COUNTS, files.OUTPUTS, files.SAMPLE_FRAMES}
    if not needed <= listed.keys() or not modes:
        raise RunError(
            f"{path / files.MANIFEST}: lists no modes, or not all of {sorted(needed)}; simulate the run again"
        )
    return dict(manifest)


def _check_file(file: Path, expected: dict[str, Any]) -> None:
    try:
        found = describe(file)
    except OSError as error:
        raise RunError(
            f"{file}: cannot be read ({error.strerror}), but belongs to the run; simulate the run again"
        ) from error
    if found["bytes"] != expected["bytes"]:
        raise RunError(
            f"{file}: has {found['bytes']} bytes, was written with {expected['bytes']}; simulate the run again"
        )
    if found["sha256"] != expected["sha256"]:
        raise RunError(f"{file}: was changed since the run was written (its hash differs); simulate the run again")


def _read_parquet(file: Path, columns: list[str], chosen: pc.Expression | None = None) -> pd.DataFrame:
    """Read the chosen rows of a table, names as categories. Raises RunError if it is no such table."""
    try:
        table = pq.read_table(file, filters=chosen)
    except (OSError, pa.ArrowException) as error:
        raise RunError(f"{file}: not a readable Parquet file ({error}); simulate the run again") from error
    if table.column_names != columns:
        raise RunError(f"{file}: has other columns than a run of this version; simulate the run again")
    frame: pd.DataFrame = table.to_pandas()
    return frame
