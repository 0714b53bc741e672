"""Whether a video file was cut off, by what its container says of its own length; no picture is decoded.

FFmpeg reads what there is, and for most containers does not tell that there should be more.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_HEAD_BYTES = 1 << 16
_BOXES = {"ftyp", "styp", "moov", "mdat", "moof", "free", "skip", "wide", "udta", "meta", "sidx", "uuid", "mfra"}
_ASF_FILE = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
_MXF_PARTITION = bytes.fromhex("060e2b34020501010d01020101")


@dataclass(frozen=True)
class _File:
    file: IO[bytes]
    size: int
    head: bytes

    def at(self, position: int, count: int) -> bytes:
        """Up to `count` bytes from `position`."""
        self.file.seek(position)
        return self.file.read(count)

    def shorter_than(self, size: int) -> str | None:
        """What is to be said if the file should have `size` bytes."""
        return f"announces {size:,} bytes and has {self.size:,}" if self.size < size else None


def cut_off(path: Path) -> str | None:
    """How the container shows that the file was cut off, such as `announces 9 bytes and has 5`; None if it does not.

    Streams without a container (.h264, .hevc, .m2v, .obu) say nothing of their length.
    """
    with path.open("rb") as opened:
        file = _File(opened, os.fstat(opened.fileno()).st_size, opened.read(_HEAD_BYTES))
        for begins, check in _CHECKS:
            if begins(file.head):
                return check(file)
    return None


def _boxes(file: _File) -> str | None:
    """ISO media (.mp4, .mov): boxes one after the other, each with its size. What is no box ends them: no claim."""
    position, kinds = 0, set()
    while position + 8 <= file.size:
        short, name, long = struct.unpack(">I4sQ", file.at(position, 16).ljust(16, b"\0"))
        kind = name.decode("latin1")
        size = {0: file.size - position, 1: long}.get(short, short)
        if size < 8 or (kind not in _BOXES and position + size > file.size):
            return None
        kinds.add(kind)
        position += size
    if not kinds & {"moov", "moof"}:
        return "has lost its index (the box moov), which stands at its end"
    started = file.at(position, 8).strip(b"\0") if position < file.size else b""
    return "ends within the size of a box" if started else file.shorter_than(position)


def _riff(file: _File) -> str | None:
    """AVI: chunks RIFF of at most some GB. Some writers count the eight bytes before a chunk as part of it."""
    position = 0
    while (start := file.at(position, 8))[:4] == b"RIFF" and len(start) == 8:
        position += 8 + struct.unpack("<I", start[4:])[0]
    return file.shorter_than(position) if file.size + 8 < position else None


def _matroska(file: _File) -> str | None:
    """The EBML header, then one segment of a known or unknown size."""
    header, length = _ebml_size(file.head, 4)
    begin = 4 + length + (header or 0)
    if header is None or file.at(begin, 4) != b"\x18\x53\x80\x67":
        return None
    size, length = _ebml_size(file.at(begin + 4, 8), 0)
    return None if size is None else file.shorter_than(begin + 4 + length + size)


def _ebml_size(data: bytes, at: int) -> tuple[int | None, int]:
    """The size stored at `at`, None if it is unknown, and how many bytes it takes."""
    if at >= len(data) or not data[at]:
        return None, 1
    length = 9 - data[at].bit_length()
    value = int.from_bytes(data[at : at + length], "big") & ((1 << 7 * length) - 1)
    return (None if value == (1 << 7 * length) - 1 or at + length > len(data) else value), length


def _asf(file: _File) -> str | None:
    """The size of the file stands in its properties, where it is no broadcast."""
    at = file.head.find(_ASF_FILE)
    if at < 0 or len(file.head) < at + 92:
        return None
    size, flags = struct.unpack_from("<Q", file.head, at + 40)[0], struct.unpack_from("<I", file.head, at + 88)[0]
    return None if flags & 1 else file.shorter_than(size)


def _flash(file: _File) -> str | None:
    """The size of the file stands among what is said of it, where the writer knew it."""
    at = file.head.find(b"\x00\x08filesize\x00")
    if at < 0 or len(file.head) < at + 19:
        return None
    size = struct.unpack_from(">d", file.head, at + 11)[0]
    return file.shorter_than(int(size)) if 0 < size < 2**53 else None


def _mxf(file: _File) -> str | None:
    """The first partition says where the last one starts."""
    length = file.head[16] - 0x80 if file.head[16:17] > b"\x80" else 0
    footer = int.from_bytes(file.head[17 + length + 24 : 17 + length + 32], "big")
    return file.shorter_than(footer + 1) if footer else None


def _gif(file: _File) -> str | None:
    """Blocks of sub-blocks up to the mark of the end."""
    position = 13 + (3 << (file.head[10] & 7) + 1 if file.head[10] & 0x80 else 0)
    while (kind := file.at(position, 1)) in {b"!", b","}:
        position += 2
        if kind == b",":
            flags = (file.at(position + 7, 1) or b"\0")[0]
            position += 9 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
        while (length := file.at(position, 1)) not in {b"", b"\0"}:
            position += 1 + length[0]
        position += 1
    return "lacks the mark of its end" if kind == b"" else None


def _png(file: _File) -> str | None:
    """Chunks up to the one named IEND."""
    position = 8
    while len(chunk := file.at(position, 8)) == 8:
        position += 12 + struct.unpack(">I", chunk[:4])[0]
        if chunk[4:] == b"IEND":
            return file.shorter_than(position)
    return "lacks the mark of its end"


def _ogg(file: _File) -> str | None:
    """Pages; the last one is marked as the last of its stream."""
    tail = file.at(max(0, file.size - _HEAD_BYTES), _HEAD_BYTES)
    page = tail.rfind(b"OggS")
    if page < 0 or len(tail) < page + 27 + tail[min(page + 26, len(tail) - 1)]:
        return "ends within a page"
    segments = tail[page + 27 : page + 27 + tail[page + 26]]
    if len(tail) < page + 27 + len(segments) + sum(segments):
        return "ends within a page"
    return None if tail[page + 5] & 4 else "lacks the mark of its end"


def _transport(file: _File) -> str | None:
    """MPEG transport streams: packets of 188 bytes, or 192 with a time before each."""
    size = 192 if file.head[4:5] == b"G" and file.head[196:197] == b"G" else 188
    return f"ends within a packet of {size} bytes" if file.size % size else None


def _program(file: _File) -> str | None:
    """MPEG program streams: the last packet says how long it is. Its start code does not occur within pictures."""
    tail = file.at(max(0, file.size - 2 * _HEAD_BYTES), 2 * _HEAD_BYTES)
    at = max(tail.rfind(b"\0\0\1" + bytes([code])) for code in range(0xB9, 0xF0))
    if at < 0 or tail[at + 3] == 0xB9:  # the mark of the end
        return None
    if tail[at + 3] == 0xBA:
        return "ends where a packet should begin"
    end = at + 6 + int.from_bytes(tail[at + 4 : at + 6], "big")
    return "ends within a packet" if len(tail) < max(at + 6, end) or tail[end:].strip(b"\0") else None


def _motion_jpeg(file: _File) -> str | None:
    """JPEG pictures one after the other: the mark of an end comes after that of the last beginning.

    Neither occurs within the pixels. Behind the last picture there may be something else.
    """
    position = file.size
    while position > 0:
        position -= _HEAD_BYTES
        block = file.at(max(0, position), _HEAD_BYTES + 2 + min(0, position))
        begin, end = block.rfind(b"\xff\xd8\xff"), block.rfind(b"\xff\xd9")
        if begin != end:
            return "lacks the mark of its end" if begin > end else None
    return None


def _is_transport(head: bytes) -> bool:
    return any(head[first : first + 1] == head[first + size : first + size + 1] == b"G" for first, size in _PACKETS)


_PACKETS = ((0, 188), (4, 192))
_CHECKS: tuple[tuple[Callable[[bytes], bool], Callable[[_File], str | None]], ...] = (
    (lambda head: head[4:8].decode("latin1") in _BOXES, _boxes),
    (lambda head: head[:4] == b"RIFF" and head[8:12] == b"AVI ", _riff),
    (lambda head: head[:4] == b"\x1a\x45\xdf\xa3", _matroska),
    (lambda head: head[:4] == b"\x30\x26\xb2\x75", _asf),
    (lambda head: head[:3] == b"FLV", _flash),
    (lambda head: head[:13] == _MXF_PARTITION, _mxf),
    (lambda head: head[:4] == b"GIF8" and len(head) > 12, _gif),
    (lambda head: head[:4] == b"\x89PNG", _png),
    (lambda head: head[:4] == b"OggS", _ogg),
    (lambda head: head[:3] == b"\xff\xd8\xff", _motion_jpeg),
    (_is_transport, _transport),
    (lambda head: head[:4] == b"\0\0\1\xba", _program),
)
