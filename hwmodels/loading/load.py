"""Accelerators from shipped profiles and YAML files, `extends` resolved, every number with its provenance."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hwmodels.errors import ConfigError, Problem
from hwmodels.loading.merging import merge, with_named_cores
from hwmodels.loading.provenance import check_sources, provenance_of
from hwmodels.loading.validation import did_you_mean, problem_at, validate_document
from hwmodels.loading.yaml_document import Document, read_yaml
from hwmodels.schema.accelerator import Accelerator
from hwmodels.schema.inherited import without_another_die

_PROFILES: Final = Path(__file__).parents[1] / "profiles"
_SHIPPED: Final = "hwmodels/profiles"  # what messages call that folder, wherever it is installed
LONGEST_CHAIN: Final = 20
_SUFFIXES: Final = (".yaml", ".yml", ".json")


@dataclass(frozen=True)
class ProfileInfo:
    """A shipped profile: the name to load it by, and what it is."""

    name: str
    description: str


def list_profiles() -> list[ProfileInfo]:
    """Return the shipped profiles, sorted by name."""
    documents = {name: read_yaml(_profile(name)) for name in _profile_names()}
    return [ProfileInfo(name, str(document.data["description"])) for name, document in documents.items()]


def load_accelerator(name_or_path: str | Path) -> Accelerator:
    """Return a shipped profile by name, or the accelerator of a YAML file, with `extends` resolved.

    A path has a suffix (.yaml, .yml, .json) or a directory; the `accelerator.json` of a run can be loaded too.
    Raise ConfigError with every problem found: file, line, field, value, and what is allowed.
    """
    path, shown = _find(str(name_or_path), Path(), Problem("", None, "", "", ""))
    document = with_named_cores(_resolve(path, shown, ()))
    document.data.setdefault("name", path.stem)
    accelerator = validate_document(document, Accelerator)
    if accelerator.provenance:  # a resolved accelerator knows where its numbers came from
        return accelerator
    rows = provenance_of(accelerator, document, lambda file: _label(file, path))
    return accelerator.model_copy(update={"provenance": rows, "extends": None})


def _resolve(path: Path, shown: str, chain: tuple[tuple[Path, str], ...]) -> Document:
    """Return the document at `path` over all that it extends. `chain` holds the files that led here."""
    document = read_yaml(path, shown)
    check_sources(document)
    base = document.data.get("extends")
    if not isinstance(base, str):
        return document
    here = problem_at(document, ("extends",), "")
    base_path, base_shown = _find(base, path.parent, here)
    chain = (*chain, (path.resolve(), shown))
    if len(chain) > LONGEST_CHAIN:
        raise ConfigError(problem_at(document, ("extends",), f"more than {LONGEST_CHAIN} files extend one another"))
    known = [each for each, _ in chain]
    if base_path.resolve() in known:
        start = known.index(base_path.resolve())
        circle = " -> ".join([*(name for _, name in chain[start:]), base_shown])
        raise ConfigError(problem_at(document, ("extends",), f"goes round in a circle: {circle}"))
    below = _resolve(base_path, base_shown, chain)
    if "provenance" in below.data:
        what = "is the resolved accelerator of a run, which cannot be extended: extend the file it was made from"
        raise ConfigError(problem_at(document, ("extends",), what))
    return without_another_die(below, merge(below, document), document)


def _find(name: str, folder: Path, asked: Problem) -> tuple[Path, str]:
    """Return (path, name for messages) of a profile name, or of a path from `folder`; `asked` is where it is named."""
    if name in _profile_names():
        return _profile(name), f"{_SHIPPED}/{name}.yaml"
    path = folder / name
    if name.endswith(_SUFFIXES) or os.sep in name or "/" in name or path.exists():
        if not path.exists() and asked.path:
            what = f"there is no such file: {path}"
            raise ConfigError(Problem(asked.path, asked.line, asked.field, asked.value, what))
        return path, str(path)
    names = _profile_names()
    hint = did_you_mean(name, names) or ";"
    what = f"no such accelerator{hint} shipped are: {', '.join(names)}; or give the path of a YAML file"
    raise ConfigError(Problem(asked.path, asked.line, asked.field, asked.value or name, what))


def _profile_names() -> list[str]:
    return sorted(path.stem for path in _PROFILES.glob("*.yaml"))


def _profile(name: str) -> Path:
    return _PROFILES / f"{name}.yaml"


def _label(file: str, top: Path) -> str:
    """Return how provenance names a file: a shipped profile by name, others from the folder of the file loaded.

    So a run's record does not depend on the machine or the working directory.
    """
    if file.startswith(f"{_SHIPPED}/"):
        return Path(file).stem
    return Path(os.path.relpath(file, top.parent)).as_posix()
