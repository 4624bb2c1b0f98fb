"""Checks that a file is a whole clip, from its structure alone.

No frame is decoded: what is caught is a file of another kind, a part of one, and one without
frames. See ISO/IEC 14496-12 for MP4, the GIF89a specification, and RFC 9649 for WebP.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from storage.domain.clip import Container

_GIF_TRAILER, _GIF_EXTENSION, _GIF_IMAGE = 0x3B, 0x21, 0x2C
_COLOUR_TABLE = 0x80
_RIFF_HEADER = 12


class DamagedClip(ValueError):
    """The file is no clip of this kind, or not a whole one; the message says what is missing."""


def check_clip_file(data: bytes, container: Container) -> None:
    """Raise DamagedClip unless the file is a whole clip of this kind with at least one frame."""
    try:
        count = {
            Container.MP4: _mp4_frames,
            Container.GIF: _gif_frames,
            Container.WEBP: _webp_frames,
        }
        frames = count[container](data)
    except (struct.error, IndexError) as error:
        raise DamagedClip("it ends too early") from error
    if not frames:
        raise DamagedClip("it has no frame")


def _mp4_frames(data: bytes) -> int:
    """Return how many samples the first track has."""
    top = dict(boxes(memoryview(data)))
    if b"ftyp" not in top:
        raise DamagedClip("it is no MP4")
    if not len(top.get(b"mdat", b"")):
        raise DamagedClip("it has no media data")
    table = top.get(b"moov", memoryview(b""))
    for name in (b"trak", b"mdia", b"minf", b"stbl", b"stsz"):
        table = dict(boxes(table)).get(name, memoryview(b""))
    # version and flags, the size of all samples or 0, how many samples
    _, _, count = struct.unpack_from(">III", table)
    return int(count)


def boxes(data: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """Yield the boxes that fill the data, each with its type and content; raise DamagedClip."""
    at = 0
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        header = 8
        if size == 1:
            [size] = struct.unpack_from(">Q", data, at + 8)
            header = 16
        elif size == 0:  # it reaches to the end
            size = len(data) - at
        if size < header or at + size > len(data):
            raise DamagedClip("it ends too early")
        yield kind, data[at + header : at + size]
        at += size


def _gif_frames(data: bytes) -> int:
    """Return how many images the file holds up to its trailer."""
    if data[:6] not in (b"GIF87a", b"GIF89a"):
        raise DamagedClip("it is no GIF")
    at, frames = 13 + _colour_table(data[10]), 0
    while data[at] != _GIF_TRAILER:
        if data[at] == _GIF_EXTENSION:
            at += 2
        elif data[at] == _GIF_IMAGE:
            at += 11 + _colour_table(data[at + 9])  # descriptor, table, and the code size
            frames += 1
        else:
            raise DamagedClip("it has an unknown block")
        while data[at]:  # sub-blocks, each behind its length
            at += 1 + data[at]
        at += 1
    return frames


def _webp_frames(data: bytes) -> int:
    """Return how many frames of an animation the file holds; a still is none."""
    mark, size, kind = struct.unpack_from("<4sI4s", data)
    if (mark, kind) != (b"RIFF", b"WEBP"):
        raise DamagedClip("it is no WebP")
    end = 8 + size
    if end > len(data):
        raise DamagedClip("it ends too early")
    at, frames = _RIFF_HEADER, 0
    while at < end:
        name, length = struct.unpack_from("<4sI", data, at)
        at += 8 + length + length % 2
        frames += name == b"ANMF"
    if at > end:
        raise DamagedClip("it ends too early")
    return frames


def _colour_table(packed: int) -> int:
    """Return how many bytes the colour table has that a packed field announces."""
    return 3 << ((packed & 7) + 1) if packed & _COLOUR_TABLE else 0
