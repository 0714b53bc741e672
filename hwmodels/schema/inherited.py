"""What a file that extends another may not take over: the area of a whole die that is not its own any more."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from hwmodels.errors import key_path
from hwmodels.loading.yaml_document import Document, KeyPath

DIE: Final[KeyPath] = ("area", "die_mm2")
NOT_KNOWN: Final = "not known"
_SIZES: Final[tuple[KeyPath, ...]] = (
    ("mesh", "columns"),
    ("mesh", "rows"),
    ("mesh", "cores_per_tile"),
    ("cores",),
    ("core", "add", "lanes"),
    ("core", "multiply"),
    ("core", "weight_memory", "capacity"),
    ("core", "state_memory", "capacity"),
    ("area", "node_nm"),
)
"""A die with another one of these is another die."""


def without_another_die(below: Document, merged: Document, above: Document) -> Document:
    """`merged`, which is `above` over `below`, without a die's area that it has from `below` and that cannot hold.

    Why it was left out stands in `notes`, by key path.
    """
    notes = {**below.notes}
    if value_at(above.data, DIE) is not None:
        notes.pop(DIE, None)
    changed = [path for path in _SIZES if value_at(below.data, path) != value_at(merged.data, path)]
    die = value_at(merged.data, DIE)
    if die is not None and changed and value_at(above.data, DIE) is None:
        area = {**merged.data["area"], DIE[1]: None}
        merged = replace(merged, data={**merged.data, "area": area})
        size = die if isinstance(die, str) else f"{die} mm2"
        notes[DIE] = (
            f"{size} is the die of {below.data.get('name', below.file)}, which has another {key_path(changed[0])}: "
            "give area.die_mm2 of this chip, if it is known"
        )
    return replace(merged, notes=notes)


def value_at(data: Any, path: KeyPath) -> Any:  # noqa: ANN401 - YAML
    """The value at a key path; None where there is none."""
    for key in path:
        if not isinstance(data, dict) or key not in data:
            return None
        data = data[key]
    return data
