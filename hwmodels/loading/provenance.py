"""Where each number of an accelerator comes from: the file that sets it, and the source that file gives for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from hwmodels.errors import ConfigError, Problem, key_path
from hwmodels.loading.validation import did_you_mean, problem_at
from hwmodels.loading.yaml_document import Document, KeyPath, Origin
from hwmodels.memory import Action, Memory, access_energy_aj
from hwmodels.schema.accelerator import Accelerator
from hwmodels.schema.inherited import NOT_KNOWN
from hwmodels.schema.leaves import leaves, numbers
from hwmodels.schema.parts import Provenance, Source, Sram, Status
from hwmodels.schema.units import Quantity

NOT_GIVEN: Final = "not given"
MOST_FOR_HINTS: Final = 1000  # comparing words takes long, and nobody writes so many numbers by hand


def check_sources(document: Document) -> None:
    """Raise ConfigError where `sources` of one file, before it is merged with others, names a path the file lacks."""
    known = {key_path(path) for path in document.origins}
    problems: list[Problem] = []
    entries = document.data.get("sources")
    for index, entry in enumerate(entries if isinstance(entries, list) else ()):
        paths = entry.get("of") if isinstance(entry, dict) else None
        for position, path in enumerate(paths if isinstance(paths, list) else ()):
            if isinstance(path, str) and path not in known:
                hint = did_you_mean(path, sorted(known)) if len(known) <= MOST_FOR_HINTS else ""
                message = f"names nothing that is set in this file, and a source covers only that{hint}"
                problems.append(problem_at(document, ("sources", index, "of", position), message))
    if problems:
        raise ConfigError(problems)


def provenance_of(accelerator: Accelerator, document: Document, label: Callable[[str], str]) -> tuple[Provenance, ...]:
    """Return one row for every number, in the order of the schema; `label` names a file for readers.

    A source holds for the numbers that its own file sets, so a number set anew in a file that extends another loses
    the source it had. Of several sources the one with the longest path wins. Numbers that named cores take over from
    the default core are listed once, at the default core.
    """
    by_file = _sources_by_file(accelerator.sources, document)
    rows = []
    for path, value in numbers(accelerator):
        if _is_taken_over(path, document):
            continue
        origin = document.origins[path]
        file = label(origin.file)
        source = _source_of(origin, by_file.get(origin.file, {}))
        text, status = (source.source, source.status) if source else (f"set in {file}", NOT_GIVEN)
        rows.append(Provenance(path=key_path(path), value=str(value), file=file, source=text, status=status))
    return (*rows, *_computed(accelerator, document, label), *_left_out(document, label))


def _left_out(document: Document, label: Callable[[str], str]) -> Iterator[Provenance]:
    """Yield a row for each number of a file below that does not hold here."""
    for path, why in document.notes.items():
        file = label(document.file)
        yield Provenance(path=key_path(path), value=NOT_KNOWN, file=file, source=why, status=NOT_GIVEN)


def _sources_by_file(sources: Sequence[Source], document: Document) -> dict[str, dict[str, Source]]:
    """Return file -> key path named in `of` -> source; of two sources for one path the first counts."""
    by_file: dict[str, dict[str, Source]] = {}
    for index, source in enumerate(sources):
        paths = by_file.setdefault(document.origins["sources", index].file, {})
        for path in source.of:
            paths.setdefault(path, source)
    return by_file


def _source_of(origin: Origin, sources: Mapping[str, Source]) -> Source | None:
    for length in range(len(origin.path), 0, -1):
        source = sources.get(key_path(origin.path[:length]))
        if source is not None:
            return source
    return None


def _computed(accelerator: Accelerator, document: Document, label: Callable[[str], str]) -> Iterator[Provenance]:
    """Yield a row for each memory energy that follows from the capacity, also of cores with a capacity of their own."""
    for path, value in leaves(accelerator):
        capacity_path = (*path[:-1], "capacity")
        if value != "by_capacity" or (_is_taken_over(path, document) and _is_taken_over(capacity_path, document)):
            continue
        core = accelerator.cores[int(path[1])] if path[0] == "cores" else accelerator.core
        memory: Memory = "weight" if path[-2] == "weight_memory" else "state"
        action: Action = "write" if path[-1] == "write_energy_pj" else "read"
        energy_pj = access_energy_aj(accelerator.memories.sram, core, memory, action) / 1e6
        capacity = (core.weight_memory if memory == "weight" else core.state_memory).capacity
        source, status = _by_capacity(accelerator.memories.sram, capacity)
        yield Provenance(
            path=key_path(path),
            value=f"{energy_pj:g} pJ",
            file=label(document.origins[path].file),
            source=source,
            status=status,
        )


def _by_capacity(sram: Sram | None, capacity: Quantity | str) -> tuple[str, Status]:
    """Return source and status of an energy by capacity: within the cited points computed, beyond them assumed."""
    points = [point.capacity for point in sram.points] if sram is not None else []
    if not points or isinstance(capacity, str) or points[0].value <= capacity.value <= points[-1].value:
        return (
            "by capacity: log-log interpolation between the points of memories.sram, times the word's width",
            "computed",
        )
    how = f"no source has {capacity}: extrapolated beyond the points of memories.sram ({points[0]} to {points[-1]})"
    return f"by capacity: {how}, times the word's width", "assumed"


def _is_taken_over(path: KeyPath, document: Document) -> bool:
    """Return whether a named core has the value at `path` from the default core, or nobody wrote it."""
    origin = document.origins.get(path)
    return origin is None or (path[0] == "cores" and origin.path[0] != "cores")
