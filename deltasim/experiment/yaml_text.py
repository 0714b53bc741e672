"""Plain data as YAML text."""

from __future__ import annotations

from io import StringIO
from typing import Any

from ruamel.yaml import YAML


def to_yaml(data: dict[str, Any]) -> str:
    """Block style, keys in their order."""
    writer = YAML(typ="safe", pure=True)
    writer.default_flow_style = False
    writer.sort_base_mapping_type_on_output = False  # type: ignore[assignment] # typed as None there
    text = StringIO()
    writer.dump(data, text)
    return text.getvalue()
