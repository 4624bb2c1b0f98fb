"""Picture files made in code, and what a test asks of a picture."""

from __future__ import annotations

import io
import random
import struct
import zlib
from collections.abc import Callable, Sequence
from typing import Any

import pillow_heif
import pytest
from PIL import Image, ImageChops

from storage.domain.errors import BadPicture
from storage.pictures.inspection import inspect


def saved(image: Image.Image, form: str, **options: Any) -> bytes:
    """Return an image as a file of Pillow's format, or as HEIF."""
    target = io.BytesIO()
    if form == "HEIF":
        pillow_heif.from_pillow(image).save(target, **options)
    else:
        image.save(target, form, **options)
    return target.getvalue()


def before_pixels(data: bytes, *chunks: bytes) -> bytes:
    """Return a PNG with further chunks before its pixels."""
    at = data.index(b"IDAT") - 4
    return data[:at] + b"".join(chunks) + data[at:]


def gradient(width: int = 96, height: int = 64) -> Image.Image:
    """Return a colour picture without any edges."""
    ramp = Image.linear_gradient("L").resize((width, height))
    return Image.merge("RGB", (ramp, ramp.transpose(Image.Transpose.ROTATE_180), ramp))


def noise(width: int = 96, height: int = 64) -> Image.Image:
    """Return a colour picture that no format can write in a few bytes."""
    pixels = random.Random(1).randbytes(width * height * 3)
    return Image.frombytes("RGB", (width, height), pixels)


def chunk(name: bytes, body: bytes) -> bytes:
    """Return a chunk of a PNG."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(width: int, height: int, *chunks: bytes, depth: int = 8, colour: int = 2) -> bytes:
    """Return a PNG of a header and these chunks."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + b"".join(chunks)


def deep_png(values: Sequence[tuple[int, ...]], width: int, height: int, colour: int) -> bytes:
    """Return a 16-bit PNG whose rows repeat the given pixels."""
    row = b"\0" + b"".join(struct.pack(f">{len(pixel)}H", *pixel) for pixel in values)
    pixels = chunk(b"IDAT", zlib.compress(row * height))
    return png(width, height, pixels, chunk(b"IEND", b""), depth=16, colour=colour)


def refused(data: bytes, read: Callable[[bytes], object] = inspect) -> str:
    """Return the key with which a file is refused."""
    with pytest.raises(BadPicture) as caught:
        read(data)
    return caught.value.key


def largest_difference(one: Image.Image, other: Image.Image) -> int:
    """Return the largest difference of any channel of any pixel."""
    assert one.mode == other.mode == "RGB"
    assert one.size == other.size
    return max(high for _, high in ImageChops.difference(one, other).getextrema())  # type: ignore[misc]  # RGB has pairs
