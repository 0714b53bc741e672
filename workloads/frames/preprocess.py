"""From a decoded image to the pixels a network takes: crop or stretch, resize, channels.

The mean is not subtracted here: pixels stay uint8, and the integer network starts with its own normalisation.
"""

from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from workloads.content_hash import content_sha256
from workloads.errors import WorkloadError
from workloads.frames.resize import Resampling, resize
from workloads.frames.source import Frames, Read

Fit = Literal["stretch", "crop"]
Channels = Literal["rgb", "bgr", "gray"]

LARGEST_SIDE = 16384


@dataclass(frozen=True)
class Preprocessing:
    """How an image becomes a frame. Raises WorkloadError for values that are not allowed.

    `size`: (height, width) of a frame; that of the image if None. `fit`: `stretch` takes the whole image, `crop` the
    largest rectangle of the frame's proportions around its centre. `channels`: `rgb` or `bgr` give frames
    (3, height, width), `gray` gives (height, width) with the luma of ITU-R BT.601. `resampling`: see resize.taps_of.
    """

    size: tuple[int, int] | None = None
    fit: Fit = "stretch"
    channels: Channels = "rgb"
    resampling: Resampling = "area"

    def __post_init__(self) -> None:
        for name, kind in (("fit", Fit), ("channels", Channels), ("resampling", Resampling)):
            if getattr(self, name) not in get_args(kind):
                raise WorkloadError(f"{name} is {getattr(self, name)!r}; allowed {', '.join(get_args(kind))}")
        if self.size is not None and not _is_size(self.size):
            raise WorkloadError(
                f"size is {self.size!r}; needed (height, width), two integers from 1 to {LARGEST_SIDE}, such as "
                "(224, 224)"
            )

    @property
    def fingerprint(self) -> str:
        """A text that differs wherever the pixels may; of another version where the same settings make others."""
        return f"preprocessing {content_sha256(self)}, version 1"

    def shape_of(self, height: int, width: int) -> tuple[int, ...]:
        """Shape of the frame that an image of `height` x `width` becomes."""
        size = self.size or (height, width)
        return size if self.channels == "gray" else (3, *size)

    def apply(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The frame (3, H, W) or (H, W) uint8 of an image (height, width, 3) in rgb, or (height, width, 1) gray."""
        height, width, _ = image.shape
        size = self.size or (height, width)
        if self.fit == "crop":
            rows, columns = _centre(height, width, size)
            image = image[rows, columns]
        image = resize(image, size, self.resampling)
        if self.channels == "gray":
            return image[:, :, 0] if image.shape[2] == 1 else _luma(image)
        planes = image[:, :, ::-1] if self.channels == "bgr" else image
        planes = np.broadcast_to(planes, (*size, 3))
        return np.ascontiguousarray(planes.transpose(2, 0, 1))


def preprocess_frames(frames: Frames, preprocessing: Preprocessing) -> Frames:
    """Frames of a stack of images, (H, W) gray or (H, W, 3) or (3, H, W) rgb, preprocessed as they are read.

    Raises WorkloadError if a frame is none of these.
    """
    height, width, planes_first = _layout(frames)
    shape = preprocessing.shape_of(height, width)
    read = _Preprocessed(frames.read, frames.shape, planes_first, preprocessing, int(np.prod(shape))).read
    return replace(frames, shape=shape, read=read, source=None)


@dataclass(frozen=True, eq=False)
class _Preprocessed:
    """Images of another source, of `shape` there, `pixels` of each when they are preprocessed."""

    images: Read
    shape: tuple[int, ...]
    planes_first: bool
    preprocessing: Preprocessing
    pixels: int

    def read(self, start: int, stop: int) -> NDArray[np.uint8]:
        out = np.empty((stop - start, self.pixels), np.uint8)
        for place, index in enumerate(range(start, stop)):  # one by one: a stored frame may be far larger
            image = self.images(index, index + 1).reshape(self.shape)
            image = image.transpose(1, 2, 0) if self.planes_first else image.reshape(*self.shape[:2], -1)
            out[place] = self.preprocessing.apply(image).ravel()
        return out


def _layout(frames: Frames) -> tuple[int, int, bool]:
    """Height, width, and whether the planes come first. One of the last and the first axis must be 3, not both."""
    shape = frames.shape
    first, last = len(shape) == 3 and shape[0] == 3, len(shape) == 3 and shape[-1] == 3
    if len(shape) == 2 or (last and not first):
        return shape[0], shape[1], False
    if first and not last:
        return shape[1], shape[2], True
    why = "either axis of 3 could be the colours" if first and last else "they cannot be taken for images"
    raise WorkloadError(
        f"frames {frames.name!r} have shape {shape}: {why}; needed (height, width), (height, width, 3) or "
        "(3, height, width), or leave size, fit, channels and resampling out to take the pixels as they are"
    )


def _centre(height: int, width: int, size: tuple[int, int]) -> tuple[slice, slice]:
    """The largest rectangle of the proportions of `size` around the centre, at least a pixel, rounded half up."""
    if height * size[1] > width * size[0]:  # too tall
        keep = max(1, (2 * width * size[0] + size[1]) // (2 * size[1]))
        return slice((height - keep) // 2, (height - keep) // 2 + keep), slice(0, width)
    keep = max(1, (2 * height * size[1] + size[0]) // (2 * size[0]))
    return slice(0, height), slice((width - keep) // 2, (width - keep) // 2 + keep)


def _luma(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """0.299 R + 0.587 G + 0.114 B (ITU-R BT.601), rounded half up."""
    weighted = image.astype(np.int32) @ np.array([299, 587, 114], np.int32)
    return ((weighted + 500) // 1000).astype(np.uint8)


def _is_size(size: Any) -> bool:  # noqa: ANN401 - whatever a caller wrote
    return (
        isinstance(size, tuple)
        and len(size) == 2
        and all(isinstance(side, int) and not isinstance(side, bool) and 1 <= side <= LARGEST_SIDE for side in size)
    )
