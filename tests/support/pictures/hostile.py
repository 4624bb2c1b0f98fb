"""Uploads that are made to keep a decoder busy, to fill the memory, or to be misread."""

from __future__ import annotations

import struct
from typing import Any

from PIL import Image

from tests.support.pictures.files import before_pixels, chunk, noise, saved


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
    return before_pixels(saved(noise(), "PNG"), chunk(name, body) * chunks)


def pixel_chunk_flood(side: int = 160) -> bytes:
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


def exif_bomb(tags: int = 60_000, size: int = 900_000) -> bytes:
    """Return a PNG with EXIF data whose tags all point to the same megabyte."""
    entries = b"".join(struct.pack("<HHII", 1 + number, 7, size, 8) for number in range(tags))
    exif = struct.pack("<2sHIH", b"II", 42, 8, tags) + entries + bytes(size)
    return before_pixels(saved(noise(), "PNG"), chunk(b"eXIf", exif))


def huge(form: str) -> bytes:
    """Return a picture of 50 megapixels, the largest that is read, in few bytes."""
    image = Image.new("RGB", (8000, 6250), "teal")
    options: dict[str, dict[str, Any]] = {
        "AVIF": {"speed": 10},
        "WEBP": {"method": 0},
        "TIFF": {"compression": "tiff_lzw"},
        "HEIF": {"quality": 1, "enc_params": {"preset": "ultrafast"}},
    }
    return saved(image, form, **options.get(form, {}))
