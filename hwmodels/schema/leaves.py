"""Every single value of an accelerator with its key path, in the order of the schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import BaseModel

from hwmodels.loading.yaml_document import KeyPath
from hwmodels.schema.units import Latency, Quantity

ABOUT_THE_FILE = frozenset({"schema", "name", "description", "extends", "sources", "provenance"})


def leaves(value: object, path: KeyPath = ()) -> Iterator[tuple[KeyPath, object]]:
    """Yield (key path, value) of everything below `value`: numbers, quantities, words, switches and nulls."""
    if isinstance(value, BaseModel):
        for name, info in type(value).model_fields.items():
            yield from leaves(getattr(value, name), (*path, info.alias or name))
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from leaves(item, (*path, index))
    else:
        yield path, value


def numbers(accelerator: BaseModel) -> Iterator[tuple[KeyPath, int | Quantity | Latency]]:
    """Yield (key path, number) of every number of the hardware: counts, widths and quantities, no text or switch."""
    for path, value in leaves(accelerator):
        if path[0] in ABOUT_THE_FILE or isinstance(value, bool):
            continue
        if isinstance(value, int | Quantity | Latency):
            yield path, value
