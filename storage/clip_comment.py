"""Reads the comment of an MP4, a GIF or a WebP, in which a clip's parameters are.

Files come from anybody: what is read of one is bounded, and what cannot be read is no comment.
"""

from __future__ import annotations

import html
import re
import struct
from collections.abc import Iterator
from itertools import islice

COMMENT_LIMIT = 64 * 2**10  # bytes
PARTS_LIMIT = 2000  # boxes, blocks or chunks that are looked at

_MP4_PLACE = (b"moov", b"udta", b"meta", b"ilst", b"\xa9cmt", b"data")
_META_HEADER = 4  # version and flags before the boxes inside
_DATA_HEADER = 8  # the kind of data, and a locale
_TEXT = 1
_GIF_EXTENSION, _GIF_COMMENT = 0x21, 0xFE
_DESCRIPTION = re.compile(
    r"<dc:description>\s*<rdf:Alt>\s*<rdf:li[^<>]*>([^<]*)</rdf:li>", re.IGNORECASE
)


def comment_of(data: bytes) -> str:
    """Return the comment of a clip's file, empty where it has none."""
    read = _gif if data[:4] == b"GIF8" else _webp if data[:4] == b"RIFF" else _mp4
    try:
        found = read(memoryview(data))
    except (struct.error, IndexError):  # it ends too early
        return ""
    return bytes(found).decode(errors="replace") if len(found) <= COMMENT_LIMIT else ""


def _mp4(data: memoryview) -> memoryview | bytes:
    inside = data
    for name in _MP4_PLACE:
        found = next((content for kind, content in _boxes(inside) if kind == name), None)
        if found is None:
            return b""
        inside = found[_META_HEADER:] if name == b"meta" else found
    [kind] = struct.unpack_from(">I", inside)
    return inside[_DATA_HEADER:] if kind == _TEXT else b""


def _boxes(data: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """Yield the first boxes of an MP4, each with its type and content."""
    at = 0
    for _ in range(PARTS_LIMIT):
        if at >= len(data):
            return
        size, kind = struct.unpack_from(">I4s", data, at)
        header = 8
        if size == 1:
            [size], header = struct.unpack_from(">Q", data, at + 8), 16
        end = len(data) if size == 0 else at + size
        if end < at + header:
            return
        yield kind, data[at + header : end]
        at = end


def _gif(data: memoryview) -> memoryview | bytes:
    """Return the first comment, which stands before the images."""
    packed = data[10]
    at = 13 + (3 << ((packed & 7) + 1) if packed & 0x80 else 0)
    for _ in range(PARTS_LIMIT):
        if data[at] != _GIF_EXTENSION:
            break
        label, pieces = data[at + 1], [*islice(_sub_blocks(data, at + 2), PARTS_LIMIT)]
        if label == _GIF_COMMENT:
            return b"".join(pieces)
        at += 3 + sum(1 + len(piece) for piece in pieces)
    return b""


def _sub_blocks(data: memoryview, at: int) -> Iterator[memoryview]:
    while length := data[at]:
        yield data[at + 1 : at + 1 + length]
        at += 1 + length


def _webp(data: memoryview) -> memoryview | bytes:
    """Return the description in the XMP packet."""
    at = 12
    for _ in range(PARTS_LIMIT):
        if at >= len(data):
            break
        name, length = struct.unpack_from("<4sI", data, at)
        if name == b"XMP " and length <= 2 * COMMENT_LIMIT:
            packet = bytes(data[at + 8 : at + 8 + length]).decode(errors="replace")
            found = _DESCRIPTION.search(packet)
            return html.unescape(found[1]).encode() if found else b""
        at += 8 + length + length % 2
    return b""
