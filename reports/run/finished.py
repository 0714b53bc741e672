"""A finished run: what its directory holds, and the tables that follow from it."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from pandas.api.extensions import ExtensionArray

from hwmodels import Accelerator, Chip, chip_of, frame_intervals, price
from hwmodels.records import COLUMNS, INDEX_COLUMNS
from reports.errors import RunError
from reports.figures.theme import network_name
from reports.run import files
from reports.run.atomic import read_arrays, read_json
from reports.run.mesh import check_mesh
from reports.run.outputs import StoredOutputs, read_outputs
from reports.run.parts import Parts, whole_map
from reports.run.records import CoreRecord, Manifest, MeshRecord, QuantisationRecord
from reports.run.store import DirectoryStore, Store
from reports.run.stored import check_file, chosen_frames, read_manifest, read_parquet, read_record
from reports.tables import changes, core_tables, layer_costs
from reports.tables import summary as tables
from reports.tables.answers import answer_columns, scaled
from reports.tables.count_warnings import count_warnings
from reports.tables.equality import Equality, check_equality
from reports.tables.link_table import links_table
from reports.tables.pace import Pace, at_rate, pace_of
from reports.tables.summary import AtOwnRate
from workloads import WorkloadError

FS_PER_S: Final = 10**15
_UNREADABLE = (OSError, ValueError, KeyError, zipfile.BadZipFile, pa.ArrowException, WorkloadError)


def load_run(path: Path | str) -> Run:
    """Read the finished run in directory `path`.

    Raises RunError, with the remedy, if it is no run, an unfinished one, of another schema version, or if any file is
    missing, truncated or changed since it was written.
    """
    path = Path(path)
    manifest = read_manifest(path)
    for name, expected in manifest["files"].items():
        check_file(path / name, expected)
    try:
        outputs, labels = read_outputs(path / files.OUTPUTS, manifest["modes"], int(manifest["frames"]))
        return Run(
            path=path,
            manifest=manifest,
            experiment_yaml=(path / files.EXPERIMENT).read_text(encoding="utf-8"),
            accelerator=Accelerator.model_validate(read_json(path / files.ACCELERATOR)),
            parts=tuple(read_record(list[CoreRecord], path / files.LAYERS)),
            mesh=check_mesh(read_json(path / files.MESH), str(path / files.MESH)),
            counts=read_parquet(path / files.COUNTS, [*INDEX_COLUMNS, *COLUMNS]),
            outputs=outputs,
            labels=labels,
            sample_frames=read_arrays(path / files.SAMPLE_FRAMES)["frames"],
            store=DirectoryStore(path, files.MESSAGES in manifest["files"]),
            quantisation=read_record(QuantisationRecord, path / files.QUANTISATION)
            if files.QUANTISATION in manifest["files"]
            else None,
        )
    except _UNREADABLE as error:
        raise RunError(
            f"{path}: a file of the run does not hold what it should ({error}); simulate it again"
        ) from error


@dataclass(frozen=True)
class Run:
    """A finished run. Tables are computed when first asked for, and never from anything but what the run left.

    `path` is its directory; None of a run in memory, which has the same tables, and which `save` writes. `store` has
    what may be large, wherever it is; the manifest of a run in memory lists no files.
    `parts` is layers.json: one entry per core in use (see `reports.run.parts`); `mesh` is mesh.json (see
    `reports.run.mesh`); `counts` the counts table with `mode` and `layer` as categories; `outputs` (frames, classes)
    integers per mode, in the network's own order (a map's as (channel, y, x); `output_shape`), in memory, or on disk
    until they are asked for (see `reports.run.outputs`; `real_outputs` has floats); `labels` (frames,) or None;
    `sample_frames` uint8, pictures of frames 0..n-1: (n, height, width) grey or (n, height, width, 3) red, green and
    blue; `quantisation` what was measured when the network was quantised (see `reports.tables.quantisation`), None in a
    run that does not say.
    """

    path: Path | None
    manifest: Manifest
    experiment_yaml: str
    accelerator: Accelerator
    parts: tuple[CoreRecord, ...]
    mesh: MeshRecord
    counts: pd.DataFrame
    outputs: Mapping[str, StoredOutputs | NDArray[np.int32]]
    labels: NDArray[np.int64] | None
    sample_frames: NDArray[np.uint8]
    store: Store
    quantisation: QuantisationRecord | None = None

    def __repr__(self) -> str:
        place = "in memory" if self.path is None else repr(str(self.path))
        return (
            f"Run({place}: {self.frame_count:,} frames of {self.manifest.get('dataset')}, "
            f"{self.manifest.get('network')} on {self.accelerator.name}; {', '.join(self.modes)})"
        )

    def _repr_html_(self) -> str:
        """What a notebook shows: the networks side by side, and the warnings."""
        from reports.dashboard.notebook import summary_html  # noqa: PLC0415 - it needs this module

        return summary_html(self)

    @property
    def modes(self) -> list[str]:
        """The networks simulated, in the order of the run."""
        return list(self.manifest["modes"])

    @property
    def name(self) -> str:
        """Title of the run."""
        return str(self.manifest.get("name") or (self.path.name if self.path else "run"))

    @property
    def where(self) -> str:
        """The run's directory, or that it is in memory, for messages."""
        return f"run {self.name!r} in memory" if self.path is None else str(self.path)

    def directory_for(self, what: str) -> Path:
        """The run's directory, where `what` goes. Raises RunError, with the remedy, if the run is in memory."""
        if self.path is None:
            raise RunError(f"{self.where}: has no directory for {what}; give a path, or save it first: run.save(path)")
        return self.path

    def save(self, path: Path | str, *, overwrite: bool = False) -> Run:
        """Write the run to the directory `path`, and return the run there. The files are those that simulating with
        `out=path` would have written, byte for byte.

        overwrite: replace a run that is there. Raises RunError if `path` is taken.
        """
        from reports.run.saving import save_run  # noqa: PLC0415 - it needs this module

        return save_run(self, path, overwrite=overwrite)

    @property
    def frame_count(self) -> int:
        """Frames simulated per mode."""
        return int(self.manifest["frames"])

    @cached_property
    def frame_numbers(self) -> NDArray[np.int64]:
        """(frames,) the number in its source of each frame: 40, 41, 42 of a run of `frames: {range: "40:43"}`.

        In tables frames are counted from 0; whatever people read has these numbers.
        """
        first, step = int(self.manifest.get("first_frame", 0)), int(self.manifest.get("frame_step", 1))
        return first + step * np.arange(self.frame_count, dtype=np.int64)

    def numbered(self, table: pd.DataFrame) -> pd.DataFrame:
        """A table whose column `frame` has the frames' numbers in their source."""
        return table.assign(frame=self.frame_numbers[table["frame"].to_numpy(np.int64)])

    @property
    def neurons(self) -> list[int]:
        """Neurons of each layer."""
        own = np.array([int(core["neurons"]) for core in self.parts], np.int64)
        return [int(each) for each in self.layout.sums(own)]

    @cached_property
    def layout(self) -> Parts:
        """Which cores hold which layer."""
        return Parts.of(self.parts, f"{self.where}: {files.LAYERS}")

    @property
    def positions(self) -> list[int]:
        """Where each core in use stands on the chip, in mesh order."""
        return [int(core.get("position", core["core"])) for core in self.parts]

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
        return self.store.has_messages

    @property
    def classes(self) -> list[str]:
        """Names of the outputs: those given, else their numbers."""
        width = next(iter(self.outputs.values())).shape[1]
        return [str(name) for name in self.manifest.get("classes") or range(width)]

    @property
    def classifies(self) -> bool:
        """True if the outputs are classes; False if they are a map of features, whose largest value is no answer."""
        height, width, _ = self.sent_maps[-1] or (1, 1, 0)
        return height * width == 1 or self.labels is not None or bool(self.manifest.get("classes"))

    @property
    def output_shape(self) -> tuple[int, ...]:
        """Shape of what the network puts out for one frame: (classes,), or (C, H, W). `outputs` has it flattened."""
        width = next(iter(self.outputs.values())).shape[1]
        return tuple(int(side) for side in self.manifest.get("output_shape") or (width,))

    @property
    def warnings(self) -> list[str]:
        """What the reader of any result must know: a video that ended early, a layer that sends nothing, frames that
        come too fast for the chip.
        """
        late = [f"{network_name(mode)}: {pace.sentence}" for mode, pace in self.paces.items() if pace.late]
        stored = [str(text) for text in self.manifest.get("warnings") or ()]
        return list(dict.fromkeys([*stored, *self._of_counts, *late]))

    @cached_property
    def _of_counts(self) -> list[str]:
        """Warnings that follow from the counts; see `reports.tables.count_warnings`."""
        return count_warnings(self.layer_counts, self.neurons, self.sending)

    @property
    def sent_maps(self) -> tuple[tuple[int, int, int] | None, ...]:
        """Height, width and channels of the map that each layer sends; None where the run does not say."""
        return tuple(whole_map([self.parts[core] for core in self.layout.cores_of(layer)]) for layer in self._layers)

    @property
    def fan_outs(self) -> tuple[int | None, ...]:
        """How many neurons each neuron of a layer reaches; None where that depends on the neuron, or is not said."""
        found = [{self.parts[core].get("fan_out") for core in self.layout.cores_of(layer)} for layer in self._layers]
        return tuple(each.pop() if len(each) == 1 else None for each in found)

    @property
    def _layers(self) -> range:
        return range(len(self.layout.layers))

    @cached_property
    def core_senders(self) -> tuple[tuple[int, ...], ...]:
        """For each core those that send to it; of a run that does not say, all of the layer before."""
        result = []
        for core, entry in enumerate(self.parts):
            layer = int(self.layout.layer[core])
            given = entry.get("senders")
            before = self.layout.cores_of(layer - 1) if layer else ()
            result.append(tuple(given) if given is not None else tuple(before))
        return tuple(result)

    @cached_property
    def senders(self) -> tuple[tuple[int, ...], ...]:
        """For each layer those that send to it."""
        layer = self.layout.layer
        return tuple(
            tuple(sorted({int(layer[each]) for core in self.layout.cores_of(own) for each in self.core_senders[core]}))
            for own in self._layers
        )

    @cached_property
    def sending(self) -> frozenset[int]:
        """The layers that send to others."""
        return frozenset(layer for senders in self.senders for layer in senders)

    @property
    def is_chain(self) -> bool:
        """True if every layer but the last sends to the next one and to no other."""
        return all(senders == tuple(range(layer)[-1:]) for layer, senders in enumerate(self.senders))

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
                f"{self.where}: messages were not recorded; run the experiment again with record_messages: true"
            )
        return self.store.messages(chosen_frames(mode, first, last))

    def link_counts(self, mode: str | None = None, first: int = 0, last: int | None = None) -> pd.DataFrame:
        """The traffic on each link of the mesh that is used, of one mode and of frames `first` to `last` only."""
        return self.store.links(chosen_frames(mode, first, last))

    def real_outputs(self, mode: str) -> NDArray[np.float64]:
        """(frames, classes) the outputs of one network in the model's own scale: the integers of `outputs` times the
        real value of one unit of each. All of them at once, in memory. Raises RunError for a mode that was not run.
        """
        if mode not in self.modes:
            raise RunError(f"{self.where}: has no network {mode!r}; it has {', '.join(self.modes)}")
        return scaled(np.asarray(self.outputs[mode]), self.manifest.get("output_scales", {}).get(mode, 1.0))

    @cached_property
    def answers(self) -> dict[str, ExtensionArray]:
        """The class each network answers, the first of its largest outputs; see `reports.tables.answers`."""
        scales = self.manifest.get("output_scales", {})
        return answer_columns(self.outputs, self.labels, scales=scales, classifies=self.classifies)

    @cached_property
    def energies(self) -> pd.DataFrame:
        """Energy of every row of `counts`, and of the chip, by action in attojoules; see `hwmodels.price`."""
        return price(self.counts, self.accelerator, self.positions)

    @cached_property
    def frames(self) -> pd.DataFrame:
        """One row per mode and frame; see `reports.tables.summary.frames_table`."""
        return tables.frames_table(
            self.counts, self.energies, self.layout, self.answers, self.interval_fs, self.chip.clock_period_fs
        )

    @cached_property
    def layers(self) -> pd.DataFrame:
        """One row per mode and layer; see `reports.tables.core_tables.layers_table`."""
        bits = self.chip.accumulator_bits
        return core_tables.layers_table(self.counts, self.energies, self.layout, self.neurons, bits)

    @cached_property
    def cores(self) -> pd.DataFrame:
        """One row per mode and core in use; see `reports.tables.core_tables.cores_table`."""
        return core_tables.cores_table(self.counts, self.energies, self.layout, self.parts)

    @cached_property
    def links(self) -> pd.DataFrame:
        """One row per mode and link of the mesh that is used; see `reports.tables.link_table.links_table`."""
        return links_table(self.store.link_pieces(), self.mesh, self.intervals)

    @cached_property
    def intervals(self) -> pd.DataFrame:
        """One row per mode and frame; see `hwmodels.frame_intervals`."""
        return frame_intervals(self.counts)

    @cached_property
    def layer_counts(self) -> pd.DataFrame:
        """The counts table by layer instead of by core; see `reports.tables.core_tables.layer_counts`."""
        return core_tables.layer_counts(self.counts, self.layout)

    @cached_property
    def equalities(self) -> tuple[Equality, ...]:
        """Networks that must agree, compared integer by integer; see `reports.tables.equality`."""
        return check_equality(self.layer_counts, self.outputs, sum(self.neurons))

    @cached_property
    def layer_shares(self) -> pd.DataFrame:
        """One row per mode, frame and layer; see `reports.tables.layer_costs.layer_shares_table`."""
        return layer_costs.layer_shares_table(self.layer_counts)

    def changes_of(self, mode: str) -> pd.DataFrame:
        """One row per frame and layer of network `mode`; see `reports.tables.changes.changes_table`."""
        return changes.changes_table(self.layer_counts, mode)

    def summary(self) -> pd.DataFrame:
        """One row per mode; see `reports.tables.summary.summary_table`."""
        return tables.summary_table(self.frames, self.energies, self.at_rate, self.equalities)

    @cached_property
    def energy(self) -> pd.DataFrame:
        """One row per mode, core, component and action: energy over all frames; see `reports.tables.summary`."""
        return tables.energy_table(self.energies, self.layout)

    @cached_property
    def frame_rate_hz(self) -> float:
        """Frames per second at which power is given: the experiment's, else the most all networks sustain."""
        if asked_hz := self.manifest.get("frame_rate_hz"):
            return float(asked_hz)
        return self.frame_count * FS_PER_S / max(int(self.counts["update_end_fs"].max()), 1)

    @cached_property
    def paces(self) -> dict[str, Pace]:
        """Of each network the frame rate asked for, and the one that it sustains; see `reports.tables.pace.pace_of`."""
        begun_fs, _ = tables.frame_limits_fs(self.counts, self.layout, 0)
        begun_fs = begun_fs.reshape(len(self.modes), -1)
        asked_hz = self.frame_rate_hz if self.manifest.get("frame_rate_hz") else None
        return {
            mode: pace_of(self.frames[self.frames["mode"] == mode], begun_fs[number], self.interval_fs, asked_hz)
            for number, mode in enumerate(self.modes)
        }

    @cached_property
    def at_rate(self) -> dict[str, AtOwnRate]:
        """Energy of a frame and mean power of each network at `frame_rate_hz`, or at what it sustains if that is less.

        Leakage and idle cores are included, for the whole time from frame to frame; see `reports.tables.pace.at_rate`.
        """
        asked = self.manifest.get("frame_rate_hz")
        rates_hz = {mode: pace.rate_hz if asked else self.frame_rate_hz for mode, pace in self.paces.items()}
        found = at_rate(self.counts, self.energies, self.accelerator, self.positions, rates_hz)
        return {mode: {**each, "sustained_hz": self.paces[mode].sustained_hz} for mode, each in found.items()}
