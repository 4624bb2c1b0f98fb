"""Recognizes a file's format by its first bytes: pictures that are read, and those that are not."""

from __future__ import annotations

import re

READABLE = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "HEIF")
VIDEO = "video"

_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG", "PNG"),
    (0, b"\xff\xd8\xff", "JPEG"),
    (0, b"GIF8", "GIF"),
    (8, b"WEBP", "WEBP"),
    (0, b"BM", "BMP"),
    (0, b"II*\0", "TIFF"),
    (0, b"MM\0*", "TIFF"),
    (0, b"II+\0", "TIFF"),
    (0, b"MM\0+", "TIFF"),
    (0, b"\xff\x0a", "JPEG XL"),
    (0, b"\0\0\0\x0cJXL ", "JPEG XL"),
    (0, b"\0\0\0\x0cjP  ", "JPEG 2000"),
    (0, b"\xff\x4f\xff\x51", "JPEG 2000"),
    (0, b"8BPS", "PSD"),
    (0, b"%!PS", "PostScript"),
    (0, b"\xc5\xd0\xd3\xc6", "PostScript"),
    (0, b"gimp xcf", "XCF"),
    (0, b"\x76\x2f\x31\x01", "OpenEXR"),
    (0, b"#?RADIANCE", "Radiance HDR"),
    (0, b"DDS ", "DDS"),
    (0, b"qoif", "QOI"),
    (0, b"icns", "ICNS"),
    (0, b"\0\0\1\0", "ICO"),
    (0, b"FUJIFILMCCD-RAW", "RAW"),
    (0, b"IIU\0", "RAW"),
    (0, b"IIRO", "RAW"),
    (0, b"\x1a\x45\xdf\xa3", VIDEO),  # Matroska and WebM
    (8, b"AVI ", VIDEO),
    (0, b"\0\0\1\xba", VIDEO),  # MPEG
    (0, b"\0\0\1\xb3", VIDEO),
    (0, b"FLV\1", VIDEO),
    (0, b"0&\xb2u\x8ef\xcf\x11", VIDEO),  # Windows Media
)
_BRANDS = {
    "AVIF": frozenset({b"avif", b"avis"}),
    "HEIF": frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}),
    "RAW": frozenset({b"crx "}),
    "JPEG XL": frozenset({b"jxl "}),
    "JPEG 2000": frozenset({b"jp2 ", b"jpx ", b"jpm "}),
}
_AUDIO = frozenset({b"M4A ", b"M4B ", b"M4P "})
_XML = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*<(?!html|!doctype html)", re.IGNORECASE)


def sniff(data: bytes) -> str:
    """Return a picture's or video's format, or an empty string where it is neither.

    Those in READABLE are read; VIDEO stands for every video format.
    """
    for start, mark, name in _SIGNATURES:
        if data.startswith(mark, start):
            return name
    if data.startswith(b"ftyp", 4):
        return _of_brands(data)
    head = data[:4096]
    if b"%PDF-" in head[:1024]:
        return "PDF"
    return "SVG" if _XML.match(head) and b"<svg" in head else ""


def _of_brands(data: bytes) -> str:
    """Return the format of an ISO base media file, by its major brand and then by the others."""
    length = min(int.from_bytes(data[:4]), 256)
    brands = [data[8:12], *(data[start : start + 4] for start in range(16, length, 4))]
    if brands[0] in {b"mif1", b"msf1"}:  # these say that it is a picture, not how it is coded
        brands.sort(key=lambda brand: brand in {b"mif1", b"msf1"})
    for brand in brands:
        for name, known in _BRANDS.items():
            if brand in known:
                return name
    return "" if brands[0] in _AUDIO else VIDEO
