"""Putting one document over another (`extends`) and named cores over the default core, keeping every value's origin."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from hwmodels.loading.yaml_document import Document, KeyPath, Origin
from hwmodels.schema.parts import MOST_NAMED_CORES

# What says what a file is, not what the hardware is: a file that extends another does not become it by name.
NOT_INHERITED: Final = frozenset({"name", "description", "extends"})
OWN_FIELDS_OF_NAMED_CORE: Final = frozenset({"name", "count"})
MOST_VALUES_FILLED_IN: Final = 100_000

Origins = dict[KeyPath, Origin]


def merge(below: Document, above: Document) -> Document:
    """Return `above` over `below`: mappings are merged, lists and single values replaced, lists of sources joined.

    A mapping whose `kind` changes is replaced as a whole, because its other fields belong to the old kind.
    """
    inherited = {key: value for key, value in below.data.items() if key not in NOT_INHERITED}
    lower, upper = _Tree(below, inherited, ()), _Tree(above, above.data, ())
    origins: Origins = {}
    data: dict[str, Any] = _merged(lower, upper, (), origins)
    if isinstance(inherited.get("sources"), list) and isinstance(above.data.get("sources"), list):
        data["sources"] = _joined(lower["sources"], upper["sources"], ("sources",), origins)
    return Document(above.file, data, origins)


def with_named_cores(document: Document) -> Document:
    """Return the document with each entry of `cores` filled up from `core`; what is no list or mapping stays."""
    core, cores = document.data.get("core"), document.data.get("cores")
    if not isinstance(core, dict) or not isinstance(cores, list):
        return document
    values = sum(path[0] == "core" for path in document.origins if path) * len(cores)
    if len(cores) > MOST_NAMED_CORES or values > MOST_VALUES_FILLED_IN:
        return document  # nonsense, which need not be multiplied: validation says what is wrong
    origins: Origins = dict(document.origins)
    filled = []
    for index, kind in enumerate(cores):
        at: KeyPath = ("cores", index)
        filled.append(_fill(document, core, kind, at, origins) if isinstance(kind, dict) else kind)
    return replace(document, data={**document.data, "cores": filled}, origins=origins)


def _fill(
    document: Document, core: dict[str, Any], kind: dict[str, Any], at: KeyPath, origins: Origins
) -> dict[str, Any]:
    own = {key: value for key, value in kind.items() if key in OWN_FIELDS_OF_NAMED_CORE}
    changes = {key: value for key, value in kind.items() if key not in OWN_FIELDS_OF_NAMED_CORE}
    found: Origins = {}
    merged = _merged(_Tree(document, core, ("core",)), _Tree(document, changes, at), (), found)
    origins.update({at + path: origin for path, origin in found.items()})
    return {**own, **merged}


@dataclass(frozen=True)
class _Tree:
    """A value, and where in a document it stands."""

    document: Document
    value: Any
    at: KeyPath

    def __getitem__(self, key: str | int) -> _Tree:
        return _Tree(self.document, self.value[key], (*self.at, key))


def _merged(lower: _Tree, upper: _Tree, to: KeyPath, origins: Origins) -> Any:  # noqa: ANN401
    """Return `upper` over `lower`, and note under `to` the origins of what is taken."""
    both = isinstance(lower.value, dict) and isinstance(upper.value, dict)
    if not both or _kind_changes(lower.value, upper.value):
        return _copy(upper, to, origins)
    origins[to] = upper.document.origins[upper.at]
    result: dict[str, Any] = {}
    for key in (*lower.value, *(key for key in upper.value if key not in lower.value)):
        if key in lower.value and key in upper.value:
            result[key] = _merged(lower[key], upper[key], (*to, key), origins)
        else:
            result[key] = _copy((upper if key in upper.value else lower)[key], (*to, key), origins)
    return result


def _kind_changes(lower: dict[str, Any], upper: dict[str, Any]) -> bool:
    return "kind" in upper and "kind" in lower and upper["kind"] != lower["kind"]


def _copy(tree: _Tree, to: KeyPath, origins: Origins) -> Any:  # noqa: ANN401
    """Return the value of `tree`, and note the origins of all of it under `to`."""
    origins[to] = tree.document.origins[tree.at]
    if isinstance(tree.value, dict):
        return {key: _copy(tree[key], (*to, key), origins) for key in tree.value}
    if isinstance(tree.value, list):
        return [_copy(tree[index], (*to, index), origins) for index in range(len(tree.value))]
    return tree.value


def _joined(lower: _Tree, upper: _Tree, to: KeyPath, origins: Origins) -> list[Any]:
    """Return the two lists, one after the other."""
    origins[to] = upper.document.origins[upper.at]
    items = [*(lower[index] for index in range(len(lower.value))), *(upper[index] for index in range(len(upper.value)))]
    return [_copy(item, (*to, index), origins) for index, item in enumerate(items)]
