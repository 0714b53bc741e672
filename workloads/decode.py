"""Decoding of video files and images by PyAV (FFmpeg), so that pixels do not depend on processor or threads.

One thread decodes: with several, a damaged stream comes out differently from run to run. Pixels become RGB by
swscale's bit-exact paths. Only formats that hold pictures are opened: FFmpeg would also draw a text file as a video, or
follow a playlist to other files and servers.
"""

from __future__ import annotations

import errno
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from workloads.errors import WorkloadError

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

VIDEO_FORMATS = (
    "mov,avi,matroska,webm,mpeg,mpegts,mpegvideo,m4v,h264,hevc,obu,ivf,flv,asf,ogg,gif,apng,mjpeg,dv,mxf,yuv4mpegpipe"
)
IMAGE_FORMATS = "png_pipe,jpeg_pipe,bmp_pipe,tiff_pipe,webp_pipe,ppm_pipe,pgm_pipe"


class _Source:
    """A file as FFmpeg reads it: a seek that cannot be done, as damaged files ask for, is refused, not raised."""

    def __init__(self, file: IO[bytes]) -> None:
        self.read, self.tell, self._seek = file.read, file.tell, file.seek

    def seek(self, offset: int, whence: int = 0) -> int:
        """The new position, or a negative error number."""
        try:
            return self._seek(offset, whence)
        except (OSError, ValueError, OverflowError):
            return -errno.EINVAL


@dataclass
class Tally:
    """What was met while decoding. `announced`: frames by the container's header, 0 where it says nothing."""

    stored: int = 0
    decoded: int = 0
    lost: int = 0
    patched: int = 0
    cut: bool = False
    announced: int = 0

    @property
    def damaged(self) -> bool:
        """Whether anything was wrong with what was met so far."""
        return bool(self.lost or self.patched or self.cut)


def load_av() -> Any:  # noqa: ANN401 - the module
    """The module av. Raises WorkloadError naming the extra that installs it."""
    try:
        import av  # noqa: PLC0415 - an extra: not there for everyone
    except ImportError as error:
        raise WorkloadError(
            "videos and images are read by the package av, which is not installed: pip install 'deltasim[video]'"
        ) from error
    return av


def decoder_versions() -> str:
    """Versions that decoded pixels depend on."""
    av = load_av()
    parts = (f"{name} {'.'.join(map(str, av.library_versions[name]))}" for name in ("libavcodec", "libswscale"))
    return f"av {av.__version__}, {', '.join(parts)}"


def decode_video(path: Path, tally: Tally, *, strict: bool = False) -> Iterator[VideoFrame]:
    """Every picture of a video that can be decoded, in the order shown; `tally` is kept up to date.

    A damaged picture is left out, or comes as the decoder patched it; `strict` leaves out all that the decoder finds
    damaged. Raises WorkloadError if the file cannot be opened as a video.
    """
    with _open(path) as file:
        yield from _decode(file, str(path), "video", VIDEO_FORMATS, tally, strict=strict)


def decode_image(content: bytes, name: str) -> VideoFrame:
    """The picture of an image file. Raises WorkloadError if it is damaged or no image; `name` is for the message."""
    tally = Tally()
    pictures = list(_decode(io.BytesIO(content), name, "image", IMAGE_FORMATS, tally, strict=True))
    if len(pictures) != 1 or tally.damaged:
        raise WorkloadError(f"{name} is damaged or truncated; replace it, or remove it from the folder")
    return pictures[0]


def rgb_pixels(picture: VideoFrame) -> NDArray[np.uint8]:
    """Pixels of a picture as (height, width, 3) uint8 in rgb, turned upright where the file says how."""
    reformatter = load_av().video.reformatter
    flags = reformatter.Interpolation
    rgb = reformatter.VideoReformatter().reformat(
        picture, format="rgb24", interpolation=flags.BILINEAR | flags.ACCURATE_RND | flags.BITEXACT, threads=1
    )
    pixels: NDArray[np.uint8] = rgb.to_ndarray()
    turns = round(picture.rotation / 90) % 4
    return np.rot90(pixels, turns) if turns else pixels


def _decode(file: IO[bytes], name: str, what: str, formats: str, tally: Tally, *, strict: bool) -> Iterator[VideoFrame]:
    av = load_av()
    with _open_container(av, file, name, what, formats) as container:
        stream = cast("VideoStream | None", container.streams.best("video"))
        if stream is None:
            raise WorkloadError(f"{name} has no video stream; needed a file with moving pictures")
        if cast("object", stream.codec_context) is None:
            raise WorkloadError(f"{name} is in a video codec that this build of FFmpeg lacks; convert it to H.264")
        tally.announced = stream.frames
        stream.thread_type = "NONE"
        stream.codec_context.thread_count = 1
        if strict:
            stream.codec_context.options = {"err_detect": "explode"}
        yield from _pictures(av, container, stream, tally)


def _pictures(av: Any, container: InputContainer, stream: VideoStream, tally: Tally) -> Iterator[VideoFrame]:  # noqa: ANN401
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except av.FFmpegError:
            tally.cut, packet = True, None
        if packet is not None and packet.size:
            tally.stored += 1
            tally.cut |= packet.is_corrupt
        try:
            # Without a packet, and with the empty one at the end, the decoder gives what it still holds back.
            pictures = stream.codec_context.decode(packet)
        except av.EOFError:
            pictures = []
        except av.FFmpegError:
            tally.lost += 1
            pictures = []
        for picture in pictures:
            tally.decoded += 1
            tally.patched += picture.is_corrupt
            yield picture
        if packet is None or not packet.size:
            return


def _open(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise WorkloadError(f"{path} does not exist") from None
    except OSError as error:
        raise WorkloadError(f"{path} cannot be opened ({error.strerror})") from error


def _open_container(av: Any, file: IO[bytes], name: str, what: str, formats: str) -> InputContainer:  # noqa: ANN401
    limits = {"format_whitelist": formats, "protocol_whitelist": "none"}
    # Titles and the like need not be UTF-8; from version 19 av takes them as they are.
    titles = {} if int(av.__version__.split(".")[0]) >= 19 else {"metadata_errors": "replace"}
    try:
        container: InputContainer = av.open(_Source(file), options=limits, **titles)
    except av.FFmpegError as error:
        hint = "; an .mp4 that was cut off has lost the index at its end" if what == "video" else ""
        raise WorkloadError(
            f"{name} cannot be read as {'a' if what == 'video' else 'an'} {what} ({error.strerror}): it is damaged, or "
            f"of another kind{hint}. Readable are the formats {formats.replace(',', ', ')}"
        ) from error
    return container
