"""Bounds what an upload costs by a walk over its structure, before a decoder sees it.

A decoder's work can be out of all proportion to the file: every scan of a progressive JPEG passes
over the whole picture, every chunk or block is read on its own, one text chunk may unpack to
gigabytes. What is not needed to show the picture is removed; what is left is bounded.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

from storage.domain.errors import BadPicture

MAX_SCANS = 100  # usual progressive JPEGs have 10, optimized ones up to 30
MAX_SCANNED_PIXELS = 1_500_000_000  # scans x pixels: 30 scans of 50 megapixels
MAX_SEGMENTS = 5_000  # of a JPEG; a long profile, maps and motion data take some hundreds
MAX_CHUNKS = 70_000  # of a PNG; at 8 KiB each, as libpng writes them, 500 MiB
MAX_BLOCKS = 500_000  # of a GIF; at 255 bytes each 120 MiB
MAX_TAGS = 1_000  # of a TIFF
MAX_TAG_BYTES = 64 * 2**20  # tags may point to the same bytes again and again

_SOI, _EOI, _SOS = 0xD8, 0xD9, 0xDA
_FRAME_HEADERS = frozenset({*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC})
_READABLE_FRAMES = frozenset({0xC0, 0xC1, 0xC2, 0xC9, 0xCA})  # neither lossless nor hierarchical
_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd7\xff]")  # none of those inside a scan
_PNG_DATA = frozenset({b"IDAT", b"fcTL", b"fdAT"})
_PNG_ONCE = frozenset(b"IHDR PLTE IEND tRNS acTL eXIf iCCP sRGB gAMA cHRM cICP".split())
_GIF_IMAGE, _GIF_EXTENSION, _GIF_CONTROL = 0x2C, 0x21, 0xF9
_TIFF_TYPE_BYTES = dict(enumerate((1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8), start=1)) | {
    16: 8,
    17: 8,
    18: 8,
}


@dataclass(frozen=True, slots=True)
class Sanitized:
    """A file without what is not needed to show its first frame.

    animated is None where its decoder has to tell; complete is False where the file ends before
    its structure does. scanned is how many pixels the scans of a JPEG pass over, all together.
    """

    data: bytes
    complete: bool = True
    scanned: int = 0
    animated: bool | None = None


def sanitize(form: str, data: bytes) -> Sanitized:
    """Return what a decoder may see of a file in this format; raise BadPicture."""
    walk = {"JPEG": _jpeg, "PNG": _png, "GIF": _gif, "TIFF": _tiff}.get(form)
    return walk(data) if walk else Sanitized(data)


def _check(count: int, limit: int) -> None:
    if count > limit:
        raise BadPicture("picture_too_complex")


def _jpeg(data: bytes) -> Sanitized:
    """Bound the segments and scans up to the end marker.

    Raise BadPicture where that is missing, and with it scans; a scan may still be cut off.
    """
    segments = scans = pixels = 0
    left: dict[int, int] = {}  # component: bits of the coefficients that are not there in full
    position = 2
    while found := _MARKER.search(data, position):
        marker, start = data[found.end() - 1], found.end()
        if marker == _EOI:
            return Sanitized(data, scanned=scans * pixels)
        position = start + int.from_bytes(data[start : start + 2]) * (marker != _SOI)
        segments += 1
        _check(segments, MAX_SEGMENTS)
        body = data[start + 2 : position]
        if marker in _FRAME_HEADERS and len(body) >= 6:
            precision, height, width = struct.unpack_from(">BHH", body)
            if marker not in _READABLE_FRAMES or precision != 8:
                raise BadPicture("picture_unsupported_kind", format="JPEG")
            pixels = max(pixels, width * height)
            left |= dict.fromkeys(body[6::3], 2**64 - 1)
        elif marker == _SOS and len(body) >= 4:
            scans += 1
            _check(scans, MAX_SCANS)
            _check(scans * pixels, MAX_SCANNED_PIXELS)
            components, (first, last, bits) = body[1:-3:2], body[-3:]
            if bits & 15 == 0:
                for component in components:
                    left[component] = left.get(component, 0) & ~(2 ** (last + 1) - 2**first)
    if not left or any(left.values()):
        raise BadPicture("picture_truncated")
    return Sanitized(data, complete=False)


def _png(data: bytes) -> Sanitized:
    """Keep the chunks that matter, and of those that stand once the first."""
    kept, seen = [data[:8]], set()
    position, chunks = 8, 0
    while position + 12 <= len(data):
        chunks += 1
        _check(chunks, MAX_CHUNKS)
        end = position + 12 + int.from_bytes(data[position : position + 4])
        name = data[position + 4 : position + 8]
        if name in _PNG_DATA or (name in _PNG_ONCE and name not in seen):
            kept.append(data[position:end])
        seen.add(name)
        position = end
        if name == b"IEND":
            break
    return Sanitized(b"".join(kept), complete=b"IEND" in seen)


def _gif(data: bytes) -> Sanitized:
    """Keep everything from the first image on, and before it what belongs to it."""
    position = 13 + _palette_bytes(data[10:11])
    kept, images, blocks = [data[:position]], 0, 0
    while position < len(data) and images < 2:
        start, kind = position, data[position]
        if kind == _GIF_IMAGE:
            images += 1
            if images == 1:
                kept.append(data[start:])
            position += 11 + _palette_bytes(data[position + 9 : position + 10])
        elif kind == _GIF_EXTENSION:
            position += 2
        else:
            return Sanitized(b"".join(kept), animated=False)
        while position < len(data) and (length := data[position]):
            position += 1 + length
            blocks += 1
            _check(blocks, MAX_BLOCKS)
        position += 1
        if data[start : start + 2] == bytes((_GIF_EXTENSION, _GIF_CONTROL)) and not images:
            kept.append(data[start:position])
    return Sanitized(b"".join(kept), complete=position < len(data), animated=images > 1)


def _palette_bytes(flags: bytes) -> int:
    """Return how long the colour table is that a GIF's flags announce."""
    return 3 << (flags[0] & 7) + 1 if flags and flags[0] & 0x80 else 0


def _tiff(data: bytes) -> Sanitized:
    """Bound the tags of the first page of a TIFF or BigTIFF."""
    order = "<" if data.startswith(b"II") else ">"
    big = data[2:4] in (b"+\0", b"\0+")
    where, offset, count, entry = (8, "Q", "Q", "HHQQ") if big else (4, "I", "H", "HHII")
    try:
        (start,) = struct.unpack_from(order + offset, data, where)
        (tags,) = struct.unpack_from(order + count, data, start)
        _check(tags, MAX_TAGS)
        first, size = start + struct.calcsize(order + count), struct.calcsize(order + entry)
        entries = [struct.unpack_from(order + entry, data, first + size * n) for n in range(tags)]
    except (struct.error, OverflowError):
        return Sanitized(data, complete=False)
    values = [(_TIFF_TYPE_BYTES.get(kind, 0) * number, at) for _, kind, number, at in entries]
    _check(sum(min(length, len(data)) for length, _ in values), MAX_TAG_BYTES)
    inline = struct.calcsize(order + offset)
    complete = all(length <= inline or at + length <= len(data) for length, at in values)
    return Sanitized(data, complete=complete)
