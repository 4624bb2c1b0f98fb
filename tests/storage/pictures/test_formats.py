"""Every format is recognized by its first bytes, and one that is not read is named."""

from __future__ import annotations

import pytest

from storage.domain.errors import BadPicture
from storage.pictures.decoding import open_picture
from storage.pictures.formats import READABLE, VIDEO, sniff
from storage.pictures.inspection import inspect
from tests.support.pictures.files import noise, refused, saved

UNSUPPORTED = {
    "JPEG XL": [b"\xff\x0a\xc9\x07", b"\0\0\0\x0cJXL \r\n\x87\n"],
    "JPEG 2000": [saved(noise(), "JPEG2000"), b"\xff\x4f\xff\x51\0"],
    "PSD": [b"8BPS\0\1"],
    "PDF": [b"%PDF-1.7 ...", b"\n\n%PDF-1.4"],
    "SVG": [
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- > -->\n<svg width='10'>",
    ],
    "PostScript": [b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n"],
    "ICO": [saved(noise(64, 64), "ICO")],
    "RAW": [b"\0\0\0\x18ftypcrx \0\0\0\1", b"FUJIFILMCCD-RAW 0201"],
}
VIDEOS = [
    b"\x00\x00\x00\x20ftypisom" + bytes(200),
    b"\x00\x00\x00\x14ftypqt  " + bytes(200),
    b"\x1a\x45\xdf\xa3\x9f",
    b"RIFF\0\0\0\0AVI LIST",
]
NO_PICTURES = [
    b"",
    b"\0",
    b"hello, this is no picture",
    b"<!DOCTYPE html><html><svg></svg></html>",
    b"ID3\4\0\0",
    b"\x00\x00\x00\x20ftypM4A " + bytes(200),
    b"PK\3\4",
]


@pytest.mark.parametrize("form", READABLE)
def test_a_readable_format_is_recognized(form: str) -> None:
    data = saved(noise(), form)
    assert sniff(data) == form
    assert inspect(data).format == form.lower()


@pytest.mark.parametrize(
    ("form", "data"), [(form, data) for form, files in UNSUPPORTED.items() for data in files]
)
def test_a_picture_that_cannot_be_read_is_named(form: str, data: bytes) -> None:
    with pytest.raises(BadPicture) as caught:
        inspect(data)
    assert (caught.value.key, caught.value.parameters) == ("picture_unsupported", {"format": form})


@pytest.mark.parametrize("data", VIDEOS)
def test_a_video_is_called_one(data: bytes) -> None:
    assert sniff(data) == VIDEO
    assert refused(data) == "picture_video"


@pytest.mark.parametrize("data", NO_PICTURES)
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    assert sniff(data) == ""
    assert refused(data) == "picture_not_an_image"
    assert refused(data, open_picture) == "picture_not_an_image"


@pytest.mark.parametrize(
    ("brands", "form"),
    [
        (b"heic\0\0\0\0mif1heic", "HEIF"),
        (b"mif1\0\0\0\0mif1heic", "HEIF"),
        (b"mif1\0\0\0\0mif1avif", "AVIF"),
        (b"avis\0\0\0\0avifavis", "AVIF"),
        (b"mif1\0\0\0\0mif1miaf", "HEIF"),
    ],
)
def test_a_phones_picture_is_told_from_a_video_by_its_brands(brands: bytes, form: str) -> None:
    assert sniff(b"\0\0\0" + bytes([8 + len(brands)]) + b"ftyp" + brands + bytes(64)) == form
