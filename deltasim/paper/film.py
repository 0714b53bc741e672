"""What Figures 5 and 6 show to a network: a clip from a camera that stands still, spliced to one that moves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from deltasim.experiment.files import channel_order, named_network
from deltasim.paper.clips import Clip, open_clip, refuse_overlap
from deltasim.paper.records import FilmRecord
from workloads import Frames, Network, WorkloadError
from workloads.content_hash import content_sha256
from workloads.frames.resize import resize
from workloads.frames.splice import splice
from workloads.graphs.normalisation import Normalisation

STATIC, MOVING = "static", "moving"
_KNOWN: Final[dict[str, Normalisation]] = {"vgg16-convolutions": "caffe-bgr"}


@dataclass(frozen=True, eq=False)
class Film:
    """A network, the two clips it is shown and those that its scales are found on.

    `frames`: the static clip, then the moving one.
    """

    network: Network
    static: Clip
    moving: Clip
    training: tuple[Clip, ...]
    frames: Frames

    @property
    def splice(self) -> int:
        """Number of the first frame of the moving clip."""
        return self.static.frames.count

    @property
    def clip_of(self) -> NDArray[np.object_]:
        """For each frame, which clip it belongs to."""
        return np.repeat(np.array([STATIC, MOVING], object), [self.splice, self.moving.frames.count])

    @property
    def begins(self) -> NDArray[np.bool_]:
        """For each frame, whether it is the first of its clip, with no frame before to be compared with."""
        return np.isin(np.arange(self.frames.count), (0, self.splice))

    @property
    def title(self) -> str:
        """The two clips in words."""
        return f"{self.static.words} + {self.moving.words}"

    def describe(self) -> FilmRecord:
        """What decides the frames and the network, for the manifest."""
        return {
            "network": self.network.name,
            "network_sha256": content_sha256(self.network),
            "splice": self.splice,
            "static": self.static.describe(),
            "moving": self.moving.describe(),
            "train": [each.describe() for each in self.training],
            "frames_sha256": self.frames.sha256(),
            "train_sha256": [each.frames.sha256() for each in self.training],
        }

    def pictures(self, numbers: Sequence[int], size: int) -> NDArray[np.uint8]:
        """Frames `numbers`, in growing order, in red, green and blue, (n, size, size, 3) or smaller in proportion."""
        channels, height, width = self.network.input_shape
        scale = min(1.0, size / max(height, width))
        wanted = (max(1, round(height * scale)), max(1, round(width * scale)))
        images = []
        for number in numbers:
            image = self.frames.read(number, number + 1).reshape(channels, height, width).transpose(1, 2, 0)
            image = image[..., ::-1] if channel_order(self.network) == "bgr" else image
            image = np.broadcast_to(image, (height, width, 3))
            images.append(resize(np.ascontiguousarray(image), wanted, "area"))
        return np.stack(images)


def load_film(network: Network, static: str, moving: str, training: Sequence[str]) -> Film:
    """The network, and the clips opened, each named as in `open_clip`.

    Raises WorkloadError where one is missing or does not fit, or where a frame is both shown and trained on.
    """
    first, second = open_clip(static, network), open_clip(moving, network)
    others = tuple(open_clip(text, network) for text in training)
    refuse_overlap((first, second), others)
    return Film(network, first, second, others, splice(first.frames, second.frames))


def picture_network(
    name: str,
    normalisation: Normalisation | None,
    output: str | None = None,
    input_shape: tuple[int, ...] | None = None,
) -> Network:
    """A bundled or fetched network or an .onnx or .npz file, with how pixels become its input; see load_network.

    Raises WorkloadError if it is not there, takes no pictures or does not say how they are normalised.
    """
    network = named_network(name, Path(), normalisation or _KNOWN.get(name), output=output, input_shape=input_shape)
    if network.chain is not None:
        raise WorkloadError(
            f"network {name!r} takes no pictures, but vectors; choose vgg16-convolutions, squeezenet11 or an .onnx file"
        )
    return network
