"""What says where pixels are: it travels to another process, and whatever it holds open is opened again there."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any


class Description:
    """Base of a frozen dataclass that is pickled as its fields alone.

    Files and decoders that it keeps open are cached properties, which are left out. Paths are pickled whole: the other
    process may work in another directory.
    """

    def __getstate__(self) -> dict[str, Any]:
        """The fields by name."""
        return {each.name: _whole(getattr(self, each.name)) for each in fields(self)}  # type: ignore[arg-type]


def _whole(value: object) -> object:
    if isinstance(value, Path):
        return value.absolute()
    return tuple(map(_whole, value)) if type(value) is tuple else value
