"""Uploads that are refused, and unusual ones that are accepted."""

import struct
import zlib

from PIL import Image

from tests.e2e.members import PHOTOGRAPH
from tests.support.pictures.files import saved
from tests.support.pictures.hostile import scan_bomb


def photograph(side: int = 256) -> Image.Image:
    return Image.open(PHOTOGRAPH).convert("RGB").resize((side, side))


def animated() -> bytes:
    frames = [photograph(), photograph().rotate(90)]
    return saved(frames[0], "GIF", save_all=True, append_images=frames[1:])


def huge_header(side: int = 30_000) -> bytes:
    """Return a PNG with the header of a huge picture and hardly any pixels."""
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b"")]
    body = b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


def truncated() -> bytes:
    whole = PHOTOGRAPH.read_bytes()
    return whole[: len(whole) // 2]


def transparent() -> bytes:
    image = photograph().convert("RGBA")
    image.putalpha(Image.linear_gradient("L"))
    return saved(image, "PNG")


def rotated() -> bytes:
    """Return a picture with an EXIF orientation of 90 degrees."""
    image = photograph().resize((256, 192))
    exif = Image.Exif()
    exif[0x0112] = 6
    return saved(image, "JPEG", exif=exif)


def sixteen_bit() -> bytes:
    grey = photograph().convert("L").convert("I").point(lambda value: value * 257)
    return saved(grey.convert("I;16"), "PNG")


INVALID = {
    "picture_not_an_image": ("note.png", b"this is not a picture at all " * 20),
    "picture_truncated": ("half.jpg", truncated()),
    "picture_unsupported": ("drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
    "picture_video": ("video.png", b"\0\0\0\x20ftypisom" + bytes(99)),
    "picture_too_complex": ("scans.jpg", scan_bomb(5_000)),
    "picture_too_large": ("huge.png", huge_header()),
    "picture_too_small": ("dot.png", saved(photograph(1), "PNG")),
}

UNUSUAL = {
    "transparent": ("a.png", transparent()),
    "four colours": ("a.jpg", saved(photograph().convert("CMYK"), "JPEG")),
    "sixteen bit": ("a.png", sixteen_bit()),
    "palette": ("a.png", saved(photograph().quantize(64), "PNG")),
    "rotated": ("a.jpg", rotated()),
    "animated": ("a.gif", animated()),
    "a phone's": ("a.heic", saved(photograph(), "HEIF")),
}
