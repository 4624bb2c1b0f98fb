"""Uploads that are made to keep a decoder busy, to fill the memory, or to be misread."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

from PIL import Image


def saved(image: Image.Image, form: str, **options: Any) -> bytes:
    """Return an image as a file of Pillow's format."""
    target = io.BytesIO()
    image.save(target, form, **options)
    return target.getvalue()


def noise(width: int = 96, height: int = 64) -> Image.Image:
    """Return a colour picture that no format can write in a few bytes."""
    channels = [Image.effect_noise((width, height), 80) for _ in "RGB"]
    return Image.merge("RGB", channels)


def chunk(name: bytes, body: bytes) -> bytes:
    """Return a chunk of a PNG."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(width: int, height: int, *chunks: bytes, depth: int = 8, colour: int = 2) -> bytes:
    """Return a PNG of a header and these chunks."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + b"".join(chunks)


def scan_bomb(scans: int, width: int = 4000, height: int = 3000) -> bytes:
    """Return a progressive JPEG whose last scan, which passes over every block, is repeated."""
    data = saved(Image.new("RGB", (width, height), "teal"), "JPEG", progressive=True)
    start = data.rindex(b"\xff\xda")
    return data[:start] + data[start:-2] * scans + data[-2:]


def segment_flood(segments: int) -> bytes:
    """Return a JPEG with so many empty comments."""
    data = saved(noise(), "JPEG")
    return data[:2] + b"\xff\xfe\x00\x02" * segments + data[2:]


def chunk_flood(chunks: int, name: bytes = b"tEXt", body: bytes = b"") -> bytes:
    """Return a PNG with so many chunks of one kind before its pixels."""
    data = saved(noise(), "PNG")
    at = data.index(b"IDAT") - 4
    return data[:at] + chunk(name, body) * chunks + data[at:]


def pixel_chunk_flood(side: int = 1000) -> bytes:
    """Return a PNG that has each byte of its compressed pixels in a chunk of its own."""
    data = saved(noise(side, side), "PNG")
    start, end = data.index(b"IDAT") + 4, data.rindex(b"IEND") - 8
    pixels = b"".join(chunk(b"IDAT", data[at : at + 1]) for at in range(start, end))
    return data[: start - 8] + pixels + chunk(b"IEND", b"")


def block_flood(blocks: int) -> bytes:
    """Return a GIF with a comment of so many blocks of one byte."""
    data = saved(noise().quantize(16), "GIF")
    at = 13 + (3 << (data[10] & 7) + 1)
    return data[:at] + b"\x21\xfe" + b"\x01a" * blocks + b"\0" + data[at:]


def tag_flood(tags: int, size: int = 10**6) -> bytes:
    """Return a TIFF with so many tags that all point to the same bytes."""
    head = struct.pack("<2sHIH", b"II", 42, 8, tags)
    entries = b"".join(
        struct.pack("<HHII", 30_000 + number, 1, size, 200) for number in range(tags)
    )
    return head + entries + struct.pack("<I", 0) + bytes(size + 200)


def exif_flood(tags: int = 5_000) -> bytes:
    """Return a JPEG whose EXIF data has so many tags that all point to the same bytes."""
    entries = b"".join(
        struct.pack("<HHII", 1 + number, 7, 60_000 - 12 * tags, 12 * tags) for number in range(tags)
    )
    exif = b"Exif\0\0" + struct.pack("<2sHIH", b"II", 42, 8, tags) + entries
    return saved(noise(), "JPEG", exif=exif[:65_000] + bytes(max(0, 65_000 - len(exif))))
