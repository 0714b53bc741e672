"""Whether frames of one shape can be shown to a network that takes another, and how.

Networks take frames as (channel, y, x). An array of the right number of values is not enough: read in the wrong order
it is another picture, and the answer is wrong without a word.
"""

from dataclasses import dataclass, replace
from math import prod
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from workloads.errors import WorkloadError
from workloads.frames.source import Frames, Read

Order = Literal["as it is", "channels last"]


def order_of(given: tuple[int, ...], taken: tuple[int, ...], what: str, network: str) -> Order:
    """How frames of shape `given` are to be read by a network that takes `taken`, such as (C, H, W).

    Axes of 1 do not matter; a flat frame is in the network's own order, and so is any frame for a network that takes
    flat ones. Raises WorkloadError, its first words being `what`, where the shapes do not fit, or fit in two ways.
    """
    if prod(given) != prod(taken):
        raise WorkloadError(
            f"{what} have {prod(given)} pixels ({' x '.join(map(str, given))}), network {network!r} takes "
            f"{prod(taken)} ({' x '.join(map(str, taken))}): choose frames of that size"
        )
    text = f"{what} have shape {_text(given)}, network {network!r} takes {_text(taken)}"
    plain, own = _sides(given), _sides(taken)
    if len(own) <= 1 or len(plain) <= 1:
        return "as it is"
    if len(taken) == 3 and taken[0] > 1 and given == (*taken[1:], taken[0]):
        if given in {taken, (taken[0], taken[2], taken[1])}:
            raise WorkloadError(
                f"{text}: which axis are the channels cannot be told; give them flat, (n, {prod(taken)}), each frame "
                f"in the order {_text(taken)}"
            )
        return "channels last"
    if plain == own:
        return "as it is"
    raise WorkloadError(f"{text}: the axes are not in that order; turn them to {_stack(taken)} with numpy.transpose")


def fit_frames(frames: Frames, taken: tuple[int, ...], network: str) -> Frames:
    """`frames` in the order that a network of input shape `taken` reads; turned, with a warning, from channels last.

    Raises WorkloadError as `order_of` does.
    """
    if order_of(frames.shape, taken, f"frames {frames.name!r}", network) == "as it is":
        return frames

    warning = (
        f"frames {frames.name!r} have their channels last, {_text(frames.shape)}; network {network!r} takes "
        f"{_text(taken)}: they were turned"
    )
    source = None if frames.source is None else f"{frames.source}; channels first"
    read = _ChannelsFirst(frames.read, frames.shape).read
    return replace(frames, shape=taken, read=read, source=source, warnings=(*frames.warnings, warning))


@dataclass(frozen=True, eq=False)
class _ChannelsFirst:
    """Frames of another source, of `shape` (height, width, channels) there, with their channels first."""

    turned: Read
    shape: tuple[int, ...]

    def read(self, start: int, stop: int) -> NDArray[np.uint8]:
        block = self.turned(start, stop)
        return np.ascontiguousarray(block.reshape(-1, *self.shape).transpose(0, 3, 1, 2)).reshape(len(block), -1)


def flat_frames(array: NDArray[Any], taken: tuple[int, ...], what: str, network: str) -> NDArray[np.uint8]:
    """An array (n, pixels) or (n, *taken) of frames as (n, pixels), in the network's order.

    Raises WorkloadError unless it is a uint8 array of such a shape; channels last is refused here, where no one would
    read a warning.
    """
    pixels = prod(array.shape[1:]) if isinstance(array, np.ndarray) and array.ndim >= 2 else 0
    if pixels != prod(taken) or array.dtype != np.uint8:
        stacks = [_stack((prod(taken),)), *([_stack(taken)] if len(_sides(taken)) > 1 else [])]
        raise WorkloadError(
            f"{what} {_given(array)}: network {network!r} takes {' or '.join(stacks)} uint8: pixels 0..255"
        )
    if order_of(array.shape[1:], taken, what, network) == "channels last":
        raise WorkloadError(
            f"{what} have shape {_text(array.shape)}, channels last, network {network!r} takes {_stack(taken)}: turn "
            "them with frames.transpose(0, 3, 1, 2)"
        )
    return array.reshape(len(array), prod(taken))


def _given(array: Any) -> str:  # noqa: ANN401 - whatever a caller gave
    """What was given in the place of frames, in words."""
    return (
        f"of {array.dtype} and shape {array.shape}"
        if isinstance(array, np.ndarray)
        else f"are a {type(array).__name__}"
    )


def _sides(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape without its axes of 1: they change neither the order of the values nor their meaning."""
    return tuple(side for side in shape if side != 1)


def _text(shape: tuple[int, ...]) -> str:
    return "(" + ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "") + ")"


def _stack(shape: tuple[int, ...]) -> str:
    return "(" + ", ".join(("n", *map(str, shape))) + ")"
