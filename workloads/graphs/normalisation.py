"""The usual ways in which pixels become a network's input, by name."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, Literal

from workloads.errors import WorkloadError, did_you_mean
from workloads.graphs.graph import Network, Preprocessing

Normalisation = Literal["caffe-bgr", "torch-rgb", "unit-rgb", "unit-gray"]

NORMALISATIONS: Final[dict[str, Preprocessing]] = {
    # the mean pixel of ImageNet, as in the Caffe models (VGG, SqueezeNet) and what was converted from them
    "caffe-bgr": Preprocessing("bgr", (103.939, 116.779, 123.68), (1.0, 1.0, 1.0)),
    # torchvision: pixels / 255, minus (0.485, 0.456, 0.406), over (0.229, 0.224, 0.225)
    "torch-rgb": Preprocessing(
        "rgb",
        (0.485 * 255, 0.456 * 255, 0.406 * 255),
        (1 / (0.229 * 255), 1 / (0.224 * 255), 1 / (0.225 * 255)),
    ),
    "unit-rgb": Preprocessing("rgb", (0.0, 0.0, 0.0), (1 / 255, 1 / 255, 1 / 255)),
    "unit-gray": Preprocessing("gray", (0.0,), (1 / 255,)),
}


def normalised(graph: Network, name: Normalisation) -> Network:
    """The graph with its preprocessing set to the one of that name. Raises WorkloadError if channels do not fit."""
    if name not in NORMALISATIONS:
        raise WorkloadError(f"no normalisation {name!r}.{did_you_mean(name, NORMALISATIONS)}")
    chosen = NORMALISATIONS[name]
    if len(chosen.mean) != graph.input_map[0]:
        raise WorkloadError(
            f"normalisation {name!r} is for {len(chosen.mean)} channels, network {graph.name!r} takes "
            f"{graph.input_map[0]}"
        )
    return replace(graph, preprocessing=chosen)
