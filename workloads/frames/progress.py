"""How far a container was read, against what its header announces."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.stream import Stream
    from av.video.stream import VideoStream

# Their headers say when the longest stream ends; for other formats FFmpeg estimates it from what it finds.
_TIMED_FORMATS = ("matroska", "flv", "asf", "mxf")
# One stream whose pictures fill the file to its end.
_FILLED_FORMATS = ("yuv4mpegpipe", "dv")


class Progress:
    """Follows all packets of a container, of which those of `stream` are decoded."""

    def __init__(self, container: InputContainer, stream: VideoStream) -> None:
        self._container, self._stream = container, stream
        self._packets, self._position_bytes = 0, 0
        self._end_ticks, self._last_ticks, self._longest_ticks = 0, 0, 0
        self._others_end_s = 0.0

    def meets(self, packet: Packet[Stream]) -> bool:
        """Take note of the next packet; whether the decoder is to have it: an empty one stands for no new picture."""
        start = packet.dts if packet.pts is None else packet.pts
        if packet.stream_index != self._stream.index:
            if start is not None and packet.time_base is not None:
                end_s = float((start + (packet.duration or 0)) * packet.time_base)
                self._others_end_s = max(self._others_end_s, end_s)
            return False
        if not packet.size and start is None:
            return True  # the last one, which empties the decoder
        self._packets += 1
        self._position_bytes = max(self._position_bytes, (packet.pos or 0) + packet.size)
        if start is not None:
            self._note(start, packet.duration or 0)
        return bool(packet.size)

    def _note(self, start: int, duration: int) -> None:
        if self._packets > 1:
            self._longest_ticks = max(self._longest_ticks, start - self._last_ticks)
        self._last_ticks = max(self._last_ticks, start) if self._packets > 1 else start
        self._end_ticks = max(self._end_ticks, start + duration)

    def missing(self) -> str | None:
        """How the end that was reached shows that there should be more, such as `announces ...`; None if not."""
        return self._missing_frames() or self._missing_time() or self._missing_bytes()

    def _missing_frames(self) -> str | None:
        announced, found = self._stream.frames, self._packets
        if "mp4" in self._container.format.name:
            # The index after edit lists: frames before a trimmed start are read but not shown, others not even read.
            announced = len(self._stream.index_entries)
        elif self._container.format.name == "avi":
            found = self._end_ticks  # a frame repeated by an empty chunk counts, and FFmpeg passes over it
        return f"announces {announced} frames and has {found}" if found < announced else None

    def _missing_time(self) -> str | None:
        duration_us, tick = self._container.duration, self._stream.time_base
        if duration_us is None or tick is None or not self._container.format.name.startswith(_TIMED_FORMATS):
            return None
        # The last frame may last as long as any other, and not every container says how long.
        longest_s = float(self._longest_ticks * tick)
        last_s = max(float(self._end_ticks * tick), float(self._last_ticks * tick) + longest_s)
        end_s, announced_s = max(last_s, self._others_end_s), duration_us / 1e6
        if announced_s <= end_s + max(longest_s / 2, 0.001):
            return None
        return f"announces {announced_s:.2f} s and ends after {end_s:.2f} s"

    def _missing_bytes(self) -> str | None:
        filled = self._container.format.name in _FILLED_FORMATS and self._position_bytes
        return "ends within a frame" if filled and self._position_bytes < self._container.size else None
