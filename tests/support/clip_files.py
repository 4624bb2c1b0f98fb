"""The smallest files that count as whole clips."""

from __future__ import annotations

import io
import struct

from PIL import Image


def box(kind: bytes, content: bytes) -> bytes:
    """Return an MP4 box."""
    return struct.pack(">I4s", 8 + len(content), kind) + content


def smallest_mp4(frames: int = 1, media: bytes = b"media") -> bytes:
    """Return the boxes of an MP4 with one track of this many frames."""
    table = box(b"stsz", struct.pack(">III", 0, 1, frames))
    for kind in (b"stbl", b"minf", b"mdia", b"trak", b"moov"):
        table = box(kind, table)
    return box(b"ftyp", b"isom\0\0\0\0") + table + box(b"mdat", media)


def small_gif(frames: int = 2, comment: bytes = b"") -> bytes:
    """Return a GIF whose frames all differ."""
    images = [Image.new("L", (32, 32), number * 40) for number in range(frames)]
    buffer = io.BytesIO()
    images[0].save(buffer, "GIF", save_all=True, append_images=images[1:], comment=comment)
    return buffer.getvalue()


def small_webp(frames: int = 2, comment: bytes = b"") -> bytes:
    """Return an animated WebP whose frames all differ."""
    images = [Image.new("L", (32, 32), number * 40) for number in range(frames)]
    buffer = io.BytesIO()
    images[0].save(buffer, "WEBP", save_all=True, append_images=images[1:], xmp=comment)
    return buffer.getvalue()
