"""Ways through the mesh: XY routes, and trees of them where one message goes to several receivers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from hwmodels.chip import Chip

Tile: TypeAlias = tuple[int, int]
"""Column and row."""

ROOT: Final = -1


@dataclass(frozen=True)
class MeshLink:
    """The link from a tile to a neighbour: where from, where to, and how long a message's head takes (fs)."""

    begin: Tile
    end: Tile
    hop_fs: int

    @property
    def east_west(self) -> bool:
        """True along a row."""
        return self.begin[1] == self.end[1]


@dataclass(frozen=True)
class Stop:
    """A router on a message's way: the mesh link it comes by (ROOT: from its sender's core), the links of the plan
    whose receivers are here, and the mesh links it leaves by with the number of the stop that each leads to.
    """

    came_by: int
    deliver: tuple[int, ...]
    leave_by: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Send:
    """One message to the receivers of `links`: the stops on its way, the first in the sender's own tile.

    Hops are those of the tree: a link that several receivers' routes share counts once. `local` counts receivers in
    the sender's tile.
    """

    links: tuple[int, ...]
    stops: tuple[Stop, ...]
    local: int
    hops_ew: int
    hops_ns: int

    @property
    def mesh_links(self) -> tuple[int, ...]:
        """All mesh links crossed."""
        return tuple(stop.came_by for stop in self.stops[1:])


def tile_of(chip: Chip, core: int) -> Tile:
    """Column and row of a core: tiles are filled row by row in a snake, so that neighbours in number touch."""
    row, column = divmod(core // chip.cores_per_tile, chip.columns)
    return (column if row % 2 == 0 else chip.columns - 1 - column), row


def xy_route(begin: Tile, end: Tile) -> list[tuple[Tile, Tile]]:
    """The hops from one tile to another: first along the row, then along the column."""
    hops = []
    here = begin
    while here != end:
        axis = 0 if here[0] != end[0] else 1
        step = 1 if end[axis] > here[axis] else -1
        there = (here[0] + step, here[1]) if axis == 0 else (here[0], here[1] + step)
        hops.append((here, there))
        here = there
    return hops


def send_to(begin: Tile, receivers: Sequence[tuple[int, Tile]], mesh: dict[tuple[Tile, Tile], int]) -> Send:
    """The send from a tile to receivers (link, tile). `mesh` numbers the mesh links and takes those that are new."""
    tiles: list[Tile] = [begin]
    came_by: list[int] = [ROOT]
    branches: list[list[tuple[int, int]]] = [[]]
    hops: list[tuple[Tile, Tile]] = []
    for _, tile in receivers:
        for hop in xy_route(begin, tile):
            if hop in hops:
                continue
            hops.append(hop)
            number = mesh.setdefault(hop, len(mesh))
            branches[tiles.index(hop[0])].append((number, len(tiles)))
            tiles.append(hop[1])
            came_by.append(number)
            branches.append([])
    stops = tuple(
        Stop(came_by[i], tuple(link for link, at in receivers if at == tile), tuple(branches[i]))
        for i, tile in enumerate(tiles)
    )
    east_west = sum(a[1] == b[1] for a, b in hops)
    local = sum(tile == begin for _, tile in receivers)
    return Send(tuple(link for link, _ in receivers), stops, local, east_west, len(hops) - east_west)
