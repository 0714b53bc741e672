"""Which cores a layer runs on, and how what is known of cores becomes what is known of layers.

layers.json has one entry per core in use, layer by layer and within it part by part: `core` (its number), `name` (of
its own), `layer` and `layer_index`, `part` of `parts`, `neurons`, `position` on the chip in mesh order, `kind`,
`column` and `row` of its tile, `rows` and `channels` of the layer's map that it sends ([begin, end]), `senders` (the
cores that send to it), and what its memories hold and could hold. Only `core`, `layer` and `neurons` must be there:
without the others every core holds a layer of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reports.errors import RunError
from reports.run.records import CoreRecord


@dataclass(frozen=True)
class Parts:
    """The cores in use: `layer[core]` is the index of the layer it holds a part of; `layers` and `names` are the names
    of layers and of cores, `first[layer]` the first core of a layer.
    """

    layers: tuple[str, ...]
    names: tuple[str, ...]
    layer: NDArray[np.int64]
    first: NDArray[np.int64]

    @classmethod
    def of(cls, entries: Sequence[CoreRecord], where: str) -> Parts:
        """From layers.json; `where` it stands, for messages. Raises RunError if cores are missing or not in order."""
        layer = np.array([int(entry.get("layer_index", entry["core"])) for entry in entries], np.int64)
        in_order = layer.size and layer[0] == 0 and all(b - a in {0, 1} for a, b in pairwise(layer))
        if not in_order or [int(entry["core"]) for entry in entries] != list(range(len(entries))):
            raise RunError(f"{where}: cores must be numbered from 0, layer by layer, and every layer have one")
        first = np.flatnonzero(np.diff(layer, prepend=-1)).astype(np.int64)
        layers = tuple(str(entries[int(core)]["layer"]) for core in first)
        names = tuple(str(entry.get("name", entry["layer"])) for entry in entries)
        for given in (layers, names):
            if len(set(given)) != len(given):
                raise RunError(f"{where}: two layers or two cores have one name: {', '.join(_twice(given))}")
        return cls(layers, names, layer, first)

    @property
    def count(self) -> int:
        """Cores in use."""
        return len(self.names)

    @property
    def is_split(self) -> bool:
        """True if any layer runs on more than one core."""
        return self.count > len(self.layers)

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Cores of each layer."""
        return np.diff(self.first, append=self.count)

    def cores_of(self, layer: int) -> range:
        """The cores of one layer."""
        return range(int(self.first[layer]), int(self.first[layer] + self.sizes[layer]))

    def sums(self, values: NDArray[Any]) -> NDArray[Any]:
        """(..., cores) values, added up by layer: (..., layers)."""
        return np.add.reduceat(values, self.first, axis=-1)

    def largest(self, values: NDArray[Any]) -> NDArray[Any]:
        """(..., cores) values, the largest of each layer: (..., layers)."""
        return np.maximum.reduceat(values, self.first, axis=-1)

    def least(self, values: NDArray[Any]) -> NDArray[Any]:
        """(..., cores) values, the least of each layer: (..., layers)."""
        return np.minimum.reduceat(values, self.first, axis=-1)


def _twice(names: Iterable[str]) -> list[str]:
    seen: set[str] = set()
    return sorted({name for name in names if name in seen or seen.add(name)})  # type: ignore[func-returns-value]


@dataclass(frozen=True)
class Held:
    """What a memory of a core holds and could hold, in KiB; None where the run does not say, or there is no limit.

    `streamed`: its content is read from off-chip memory.
    """

    name: str
    held_kib: float | None
    capacity_kib: float | None
    streamed: bool = False


def memories_of(entry: CoreRecord) -> tuple[Held, Held]:
    """The weight and the state memory of a core."""
    streamed = entry.get("streams_weights", False)
    return (
        Held("weight", entry.get("weight_kib"), entry.get("weight_capacity_kib"), streamed),
        Held("state", entry.get("state_kib"), entry.get("state_capacity_kib")),
    )


def whole_map(parts: Sequence[CoreRecord]) -> tuple[int, int, int] | None:
    """Height, width and channels of the map that the parts of a layer send together."""
    shape = parts[0].get("sent_shape")
    if not shape:
        return None
    height, width, depth = shape
    rows = max(part["rows"][1] if "rows" in part else height for part in parts)
    return rows, width, max(part["channels"][1] if "channels" in part else depth for part in parts)
