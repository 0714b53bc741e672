"""Pictures inside a page."""

from __future__ import annotations

import base64
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from reports.dashboard.png import png


def data_url(image: NDArray[np.uint8]) -> str:
    """A (height, width) grey or (height, width, 3) colour uint8 image as a data URL of a PNG."""
    return "data:image/png;base64," + base64.b64encode(png(image)).decode("ascii")


def grid(
    rows: Sequence[Sequence[NDArray[np.uint8]]], gap: tuple[int, int] = (1, 1), grey: int = 128
) -> NDArray[np.uint8]:
    """Pictures of one size in rows and columns, `gap` pixels (down, across) of grey between them."""
    height, width = rows[0][0].shape[:2]
    rest = rows[0][0].shape[2:]
    down, across = gap
    shape = (len(rows) * (height + down) - down, len(rows[0]) * (width + across) - across, *rest)
    result = np.full(shape, grey, np.uint8)
    for row, pictures in enumerate(rows):
        for column, picture in enumerate(pictures):
            top, left = row * (height + down), column * (width + across)
            result[top : top + height, left : left + width] = picture
    return result
