"""What an image file says of itself, read by Pillow: its format, which way up it is, how many pictures it holds."""

from __future__ import annotations

import io
import struct
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workloads.errors import WorkloadError

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = ("PNG", "JPEG", "BMP", "TIFF", "WEBP", "PPM", "GIF")
ORIENTATION_TAG = 274


@dataclass(frozen=True)
class ImageHeader:
    """What stands in the header of an image file.

    `format`: one of FORMATS, or MPO for a JPEG with more behind it. `orientation`: 1 .. 8 as in EXIF. `pictures`: how
    many the file says it holds.
    """

    format: str
    orientation: int
    pictures: int


def load_pillow() -> Any:  # noqa: ANN401 - the module
    """The module PIL.Image. Raises WorkloadError naming the extra that installs it."""
    try:
        from PIL import Image  # noqa: PLC0415 - an extra: not there for everyone
    except ImportError as error:
        raise WorkloadError(
            "images are read with the package pillow, which is not installed: pip install 'deltasim[video]'"
        ) from error
    return Image


def pillow_version() -> str:
    """Version that pixels of some images depend on."""
    return f"pillow {load_pillow().__version__}"


def pillow_errors() -> tuple[type[Exception], ...]:
    """What Pillow raises for files that are damaged, of another kind, or larger than it takes."""
    kinds = (OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, AttributeError, ArithmeticError)
    return (*kinds, struct.error, AssertionError, RuntimeError, load_pillow().DecompressionBombError)


def open_image(content: bytes) -> Image:
    """An image file, of which only the header is read. Raises one of pillow_errors()."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of large pictures, and of tags that are not as they should be
        image: Image = load_pillow().open(io.BytesIO(content), formats=FORMATS)
    return image


def damaged_image(name: str) -> WorkloadError:
    """The refusal of an image whose picture is not all there."""
    return WorkloadError(f"{name} is damaged or truncated; replace it, or remove it from the folder")


def read_header(content: bytes) -> ImageHeader | None:
    """What an image file says of itself; None where Pillow does not know it."""
    try:
        image = open_image(content)
        pictures = int(getattr(image, "n_frames", 1))
        return ImageHeader(str(image.format), _orientation(image, content), pictures)
    except pillow_errors():
        return None


def orientation_of(content: bytes) -> int | None:
    """The orientation of an image file; None if it is none."""
    header = read_header(content)
    return None if header is None else header.orientation


def _orientation(image: Image, content: bytes) -> int:
    # Of a PNG without EXIF Pillow decodes all to look for it behind the picture.
    if image.format == "PNG" and not any(mark in content for mark in (b"eXIf", b"Raw profile type", b"tiff:")):
        return 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        orientation = image.getexif().get(ORIENTATION_TAG, 1)
    return orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else 1
