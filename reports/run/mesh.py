"""The mesh of a run's chip: its tiles, and the links between them that messages use.

mesh.json holds `columns`, `rows` and `cores_per_tile`, whether connections share the links (`links`: shared or
private), if a message to several receivers is sent once (`multicast`), and `used_links` in the order of their numbers,
each `from` a tile `to` a neighbouring one, [column, row].
"""

from __future__ import annotations

from typing import Any, Final

from reports.errors import RunError
from reports.run.records import LinkRecord, MeshRecord, checked

SHARED: Final = "shared"
_KEYS: Final = frozenset({"columns", "rows", "cores_per_tile", "links", "multicast", "used_links"})


def check_mesh(content: Any, where: str) -> MeshRecord:  # noqa: ANN401 - whatever the file holds
    """`content` if it is what mesh.json should hold. Raises RunError, which says `where` it is wrong."""
    missing = sorted(_KEYS - content.keys())
    if missing:
        raise RunError(f"{where}: says nothing of {', '.join(missing)}")
    mesh = checked(MeshRecord, content, where)
    for number, link in enumerate(mesh["used_links"]):
        (x0, y0), (x1, y1) = link["from"], link["to"]
        inside = all(0 <= x < mesh["columns"] and 0 <= y < mesh["rows"] for x, y in ((x0, y0), (x1, y1)))
        if not inside or abs(x1 - x0) + abs(y1 - y0) != 1:
            raise RunError(f"{where}: link {number} goes from ({x0}, {y0}) to ({x1}, {y1}), which are no neighbours")
    return mesh


def link_name(link: LinkRecord) -> str:
    """How a link is called: "(0, 0) to (1, 0)"."""
    (x0, y0), (x1, y1) = link["from"], link["to"]
    return f"({x0}, {y0}) to ({x1}, {y1})"
