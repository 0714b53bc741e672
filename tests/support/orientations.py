"""The eight ways up that a picture can be stored."""

from __future__ import annotations

import numpy as np

MATRICES = {
    "upright": ((1, 0, 0, 1), lambda image: image),
    "90 clockwise": ((0, 1, -1, 0), lambda image: np.rot90(image, -1)),
    "180": ((-1, 0, 0, -1), lambda image: np.rot90(image, 2)),
    "90 counterclockwise": ((0, -1, 1, 0), np.rot90),
    "mirrored left to right": ((-1, 0, 0, 1), np.fliplr),
    "mirrored top to bottom": ((1, 0, 0, -1), np.flipud),
    "over the diagonal": ((0, 1, 1, 0), lambda image: image.swapaxes(0, 1)),
    "over the other diagonal": ((0, -1, -1, 0), lambda image: np.rot90(image, 2).swapaxes(0, 1)),
}


ORIENTATIONS = dict(
    enumerate(
        [
            MATRICES[name][1]
            for name in (
                "upright",
                "mirrored left to right",
                "180",
                "mirrored top to bottom",
                "over the diagonal",
                "90 clockwise",
                "over the other diagonal",
                "90 counterclockwise",
            )
        ],
        1,
    )
)
