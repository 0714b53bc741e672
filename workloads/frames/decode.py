"""Decoding of video files and images by PyAV (FFmpeg), so that pixels do not depend on processor or threads.

One thread decodes: with several, a damaged stream comes out differently from run to run. Pixels become RGB by
swscale's bit-exact paths. Only formats that hold pictures are opened: FFmpeg would also draw a text file as a video, or
follow a playlist to other files and servers.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from workloads.errors import WorkloadError
from workloads.frames.image_headers import orientation_of
from workloads.frames.pixels import UPRIGHT, Turn, deep_rgb, turn_of_matrix, turn_of_orientation, turn_of_rotation
from workloads.frames.progress import Progress

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.stream import Stream
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

VIDEO_FORMATS = (
    "mov,avi,matroska,webm,mpeg,mpegts,mpegvideo,m4v,h264,hevc,obu,ivf,flv,asf,ogg,gif,apng,mjpeg,dv,mxf,yuv4mpegpipe"
)


class UnreadableVideoError(WorkloadError):
    """A file of which no picture can be read."""


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
    """What was met while decoding. `missing`: how the end shows that there should be more, such as `announces ...`."""

    stored: int = 0
    decoded: int = 0
    lost: int = 0
    patched: int = 0
    cut: bool = False
    missing: str | None = None

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
    """Versions that decoded pixels depend on, ours included."""
    av = load_av()
    parts = (f"{name} {'.'.join(map(str, av.library_versions[name]))}" for name in ("libavcodec", "libswscale"))
    return f"av {av.__version__}, {', '.join(parts)}, pixels 2"


@dataclass(frozen=True, eq=False)
class Picture:
    """A decoded picture as it is stored, and the turn that brings it upright."""

    frame: VideoFrame
    turn: Turn

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the upright picture."""
        height, width = self.frame.height, self.frame.width
        return (width, height) if self.turn.swap else (height, width)


def decode_video(path: Path, tally: Tally, *, strict: bool = False) -> Iterator[Picture]:
    """Every picture of a video that can be decoded, in the order shown; `tally` is kept up to date.

    A damaged picture is left out, or comes as the decoder patched it; `strict` leaves out all that the decoder finds
    damaged. Raises WorkloadError if the file cannot be opened as a video.
    """
    with _open(path) as file, open_container(file, str(path)) as container:
        yield from decode_stream(container, str(path), tally, strict=strict)


def decode_stream(container: InputContainer, name: str, tally: Tally, *, strict: bool) -> Iterator[Picture]:
    """Every picture of the best video stream; see decode_video. `name` is for messages."""
    av = load_av()
    stream = cast("VideoStream | None", container.streams.best("video"))
    if stream is None:
        raise UnreadableVideoError(f"{name} has no video stream; needed a file with moving pictures")
    if cast("object", stream.codec_context) is None:
        raise UnreadableVideoError(f"{name} is in a video codec that this build of FFmpeg lacks; convert it to H.264")
    stream.thread_type = "NONE"
    stream.codec_context.thread_count = 1
    if strict:
        stream.codec_context.options = {"err_detect": "explode"}
    yield from _pictures(av, container, stream, tally)


def rgb_pixels(picture: VideoFrame, turn: Turn = UPRIGHT) -> NDArray[np.uint8]:
    """Pixels of a picture as (height, width, 3) uint8 in rgb, after `turn`."""
    pixels = deep_rgb(picture)
    if pixels is None:
        reformatter = load_av().video.reformatter
        flags = reformatter.Interpolation
        rgb = reformatter.VideoReformatter().reformat(
            picture, format="rgb24", interpolation=flags.BILINEAR | flags.ACCURATE_RND | flags.BITEXACT, threads=1
        )
        pixels = cast("NDArray[np.uint8]", rgb.to_ndarray())
    return turn.apply(pixels)


class _Turns:
    """Which way up the pictures of a stream are, looked at once for each angle that FFmpeg gives.

    A picture whose side data was looked at stays in memory until Python collects cycles, and the decoder then draws
    damaged pictures into other buffers: pixels would depend on when that is. So a small copy is looked at.
    """

    def __init__(self) -> None:
        self._by_angle: dict[float, Turn] = {}
        self._image_files = False

    def of(self, picture: VideoFrame, packet: Packet[Stream] | None) -> Turn:
        """The turn of a picture by its display matrix, or by the EXIF of the image file that its packet is."""
        angle = picture.rotation
        if angle not in self._by_angle and not self._image_files:
            small: Any = picture.reformat(width=1, height=1, format="gray", interpolation="POINT")
            try:
                self._by_angle[angle] = turn_of_matrix(bytes(small.side_data["DISPLAYMATRIX"]))
            except KeyError:
                self._by_angle[angle] = UPRIGHT
            except ValueError:  # av refuses all side data if it does not know the kind of one, such as EXIF
                self._image_files = packet is not None and orientation_of(bytes(packet)) is not None
                self._by_angle[angle] = turn_of_rotation(angle)
        if self._image_files and packet is not None:
            return turn_of_orientation(orientation_of(bytes(packet)))
        return self._by_angle.get(angle, UPRIGHT)


def _pictures(av: Any, container: InputContainer, stream: VideoStream, tally: Tally) -> Iterator[Picture]:  # noqa: ANN401
    packets, progress, turns = container.demux(), Progress(container, stream), _Turns()
    while True:
        try:
            packet = next(packets, None)
        except av.FFmpegError:
            tally.cut, packet = True, None
        if packet is not None and not progress.meets(packet):
            continue
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
            yield Picture(picture, turns.of(picture, packet))
        if packet is None or not packet.size:
            tally.missing = progress.missing()
            return


def _open(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise WorkloadError(f"{path} does not exist") from None
    except OSError as error:
        raise WorkloadError(f"{path} cannot be opened ({error.strerror})") from error


def open_container(file: IO[bytes], name: str, formats: str = VIDEO_FORMATS, demuxer: str | None = None) -> Any:  # noqa: ANN401
    """The container in `file`, of one of `formats`, or of that of `demuxer`.

    Raises WorkloadError, with `name`, if it cannot be read.
    """
    av = load_av()
    limits = {"format_whitelist": formats, "protocol_whitelist": "none"}
    # Titles and the like need not be UTF-8; from version 19 av takes them as they are.
    titles = {} if int(av.__version__.split(".")[0]) >= 19 else {"metadata_errors": "replace"}
    try:
        return av.open(_Source(file), format=demuxer, options=limits, **titles)
    except av.FFmpegError as error:
        what = "a video" if formats == VIDEO_FORMATS else "an image"
        raise UnreadableVideoError(
            f"{name} cannot be read as {what} ({error.strerror}): it is damaged, or of another kind. Readable are the "
            f"formats {formats.replace(',', ', ')}"
        ) from error
