"""Writing a finished run, from memory or from another directory, to a directory of its own."""

from __future__ import annotations

import json
from pathlib import Path

from reports.run.consolidate import write_manifest
from reports.run.finished import Run, load_run
from reports.run.said import Said
from reports.run.writing import open_partial
from workloads.naming import naming


def save_run(run: Run, path: Path | str, *, overwrite: bool = False) -> Run:
    """Write the run to `path` and return the run there; see `Run.save`."""
    path = Path(path)
    with naming(path):
        partial = open_partial(path, run.manifest["config_hash"], overwrite=overwrite)
        partial.place(lambda folder: write_files(run, folder))
    return load_run(path)


def write_files(run: Run, folder: Path) -> None:
    """Write all files of the run into `folder`; those of its large tables as they were written when it ended."""
    run.store.write(folder)
    Said(
        manifest=run.manifest,
        experiment_yaml=run.experiment_yaml,
        accelerator=json.loads(run.accelerator.model_dump_json(by_alias=True)),
        layers=run.parts,
        labels=run.labels,
        sample_frames=run.sample_frames,
        quantisation=run.quantisation,
        mesh=run.mesh,
    ).write(folder)
    write_manifest(
        folder, {key: value for key, value in run.manifest.items() if key not in {"files", "schema_version"}}
    )
