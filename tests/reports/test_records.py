"""The JSON files of a run: read as they are, and refused where they hold something else."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from quantisation_content import content
from reports_example import make_run

from reports import RunError, load_run
from reports.run.records import CoreRecord, checked


def _changed(path: Path, name: str, change: Any) -> None:
    """Change a JSON file of the run, and the manifest so that the file looks as if it was written so."""
    stored = json.loads((path / name).read_text())
    change(stored)
    (path / name).write_text(json.dumps(stored))
    manifest = json.loads((path / "manifest.json").read_text())
    written = (path / name).read_bytes()
    manifest["files"][name] = {"bytes": len(written), "sha256": hashlib.sha256(written).hexdigest()}
    if name != "manifest.json":
        (path / "manifest.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("layers.json", lambda cores: cores[1].update(neurons="2"), r"1\.neurons: '2' input should be a valid integer"),
        ("layers.json", lambda cores: cores[1].pop("layer"), r"1\.layer: field required"),
        ("mesh.json", lambda mesh: mesh.update(links="both"), "links: 'both' input should be 'shared' or 'private'"),
        ("mesh.json", lambda mesh: mesh.update(used_links=[{"from": [0, 0]}]), r"used_links\.0\.to: field required"),
        ("quantisation.json", lambda all_of: all_of.update(frames=None), "frames: None input should be"),
        ("quantisation.json", lambda all_of: all_of["layers"][1].update(peak=1.5), r"layers\.1\.peak: 1\.5 input"),
        ("manifest.json", lambda manifest: manifest.pop("frames"), "frames: field required"),
        ("manifest.json", lambda manifest: manifest.update(warnings="late"), "warnings: 'late' input should be"),
        ("manifest.json", lambda manifest: manifest["files"]["mesh.json"].update(bytes="9"), r"files\.mesh\.json\.byt"),
    ],
)
def test_a_record_of_another_kind_is_refused_with_file_field_and_value(
    tmp_path: Path, name: str, change: Any, said: str
) -> None:
    path = make_run(tmp_path / "run", quantisation=content())
    _changed(path, name, change)
    with pytest.raises(RunError, match=rf"run/{name}: {said}.*simulate the run again$"):
        load_run(path)


def test_records_are_read_as_they_are_with_keys_that_nobody_knows(tmp_path: Path) -> None:
    path = make_run(tmp_path / "run", quantisation=content(), colour="red")
    _changed(path, "layers.json", lambda cores: cores[0].update(note="mine"))
    run = load_run(path)
    for name, record in (("layers", [*run.parts]), ("mesh", run.mesh), ("quantisation", run.quantisation)):
        assert record == json.loads((path / f"{name}.json").read_text())
    assert run.parts[0]["note"] == "mine"  # type: ignore[typeddict-item]
    assert run.manifest == json.loads((path / "manifest.json").read_text())
    assert run.manifest["colour"] == "red"  # type: ignore[typeddict-item]


def test_what_is_no_record_at_all_is_refused() -> None:
    with pytest.raises(RunError, match=r"^there: the whole of it: \[\] input should be a valid dictionary"):
        checked(CoreRecord, [], "there")
