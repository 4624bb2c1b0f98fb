"""Colours are read by the curves and primaries that a file declares, not by a profile's name."""

from __future__ import annotations

import struct
from typing import Literal

import pytest
from PIL import Image, ImageCms

from storage.pictures.decoding import open_picture
from tests.support.pictures.files import before_pixels, chunk, gradient, largest_difference, saved

Colour = tuple[int, int, int]

# One red and one green of sRGB as they stand in other spaces (rounded from published tables).
P3_RED, P3_GREEN = (234, 51, 35), (117, 251, 76)
ADOBE_RED, ADOBE_GREEN = (219, 0, 0), (144, 255, 60)
SRGB, P3, BT2020 = 1, 12, 9
LINEAR, SRGB_CURVE, PQ, HLG = 8, 13, 16, 18


def srgb() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def renamed(profile: bytes) -> bytes:
    return profile.replace("sRGB".encode("utf-16-be"), "odd!".encode("utf-16-be"))


def linear(profile: bytes) -> bytes:
    """Return a profile with its curves replaced by straight lines."""
    for tag in (b"rTRC", b"gTRC", b"bTRC"):
        entry = profile.index(tag)
        (start,) = struct.unpack_from(">I", profile, entry + 4)
        profile = profile[:start] + b"curv" + bytes(8) + profile[start + 12 :]
    return profile


def swapped(profile: bytes) -> bytes:
    """Return a profile with red and green exchanged."""
    return profile.replace(b"rXYZ", b"????").replace(b"gXYZ", b"rXYZ").replace(b"????", b"gXYZ")


def plain(colour: Colour | int = (200, 60, 30), mode: str = "RGB") -> Image.Image:
    return Image.new(mode, (40, 40), colour)


def gama(gamma: float) -> bytes:
    return chunk(b"gAMA", struct.pack(">I", round(gamma * 100_000)))


def chrm(*points: float) -> bytes:
    """Return a chunk of the chromaticities of white, red, green and blue."""
    return chunk(b"cHRM", struct.pack(">8I", *(round(value * 100_000) for value in points)))


def cicp(primaries: int, curve: int) -> bytes:
    return chunk(b"cICP", bytes((primaries, curve, 0, 1)))


def pixel(data: bytes) -> Colour:
    colour = open_picture(data).getpixel((3, 3))
    assert isinstance(colour, tuple)
    return colour  # type: ignore[return-value]  # RGB has three


def png_pixel(image: Image.Image, *chunks: bytes) -> Colour:
    return pixel(before_pixels(saved(image, "PNG"), *chunks))


@pytest.mark.parametrize("name", [bytes, renamed], ids=["sRGB", "another"])
@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "TIFF"])
def test_a_linear_profile_is_applied_whatever_its_name(form: str, name: type) -> None:
    options = {"lossless": True} if form == "WEBP" else {}
    profile = name(linear(srgb()))
    data = saved(plain((55, 20, 128)), form, icc_profile=profile, **options)
    assert pixel(data) == pytest.approx((128, 79, 188), abs=6 if form == "JPEG" else 1)


@pytest.mark.parametrize("name", [bytes, renamed], ids=["sRGB", "another"])
def test_a_profile_of_other_primaries_is_applied_whatever_its_name(name: type) -> None:
    data = saved(plain(), "PNG", icc_profile=name(swapped(srgb())))
    assert pixel(data) == pytest.approx((60, 200, 30), abs=2)


def test_the_usual_colour_profile_changes_nothing() -> None:
    for profile in (srgb(), renamed(srgb())):
        data = saved(gradient(), "PNG", icc_profile=profile)
        assert largest_difference(open_picture(data), gradient()) == 0


@pytest.mark.parametrize("profile", [b"", b"no profile", bytes(5000)])
def test_a_broken_colour_profile_is_ignored(profile: bytes) -> None:
    data = saved(gradient(), "PNG", icc_profile=profile)
    assert open_picture(data).tobytes() == gradient().tobytes()


@pytest.mark.parametrize("space", ["XYZ", "LAB"])
def test_a_profile_of_another_colour_space_is_ignored(space: Literal["XYZ", "LAB"]) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile(space)).tobytes()
    data = saved(gradient(), "PNG", icc_profile=profile)
    assert largest_difference(open_picture(data), gradient()) == 0


def test_a_grey_picture_with_a_profile_for_colours_is_read_by_it() -> None:
    data = saved(plain(55, "L"), "JPEG", icc_profile=linear(srgb()))
    assert pixel(data) == pytest.approx((128, 128, 128), abs=1)


def test_a_transparent_picture_is_converted_before_it_is_laid_on_the_background() -> None:
    image = Image.new("RGBA", (40, 40), (55, 55, 55, 255))
    image.paste((0, 0, 0, 0), (20, 0, 40, 40))
    opened = open_picture(saved(image, "PNG", icc_profile=linear(srgb())))
    assert [opened.getpixel((x, 3)) for x in (3, 30)] == [(128,) * 3] * 2


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "RGBA"])
def test_a_png_of_linear_light_is_shown_so(mode: str) -> None:
    image = plain((55, 55, 55))
    image = image.quantize(2) if mode == "P" else image.convert(mode)
    assert png_pixel(image, gama(1.0)) == pytest.approx((128, 128, 128), abs=1)


@pytest.mark.parametrize("gamma", [1 / 2.2, 0.0, 1e-5, 40_000.0])
def test_a_png_of_the_usual_or_an_absurd_gamma_is_left_alone(gamma: float) -> None:
    assert png_pixel(plain(), gama(gamma)) == (200, 60, 30)


def test_a_gamma_does_not_count_beside_srgb_or_a_profile() -> None:
    assert png_pixel(plain(), gama(1.0), chunk(b"sRGB", b"\0")) == (200, 60, 30)
    data = saved(plain(), "PNG", icc_profile=srgb())
    assert pixel(before_pixels(data, gama(1.0))) == (200, 60, 30)


def test_a_png_of_other_primaries_is_converted() -> None:
    p3 = chrm(0.3127, 0.3290, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060)
    assert png_pixel(plain(P3_RED), p3) == pytest.approx((255, 0, 0), abs=3)
    adobe = chrm(0.3127, 0.3290, 0.64, 0.33, 0.21, 0.71, 0.15, 0.06)
    assert png_pixel(plain(ADOBE_GREEN), gama(1 / 2.2), adobe) == pytest.approx((0, 255, 0), abs=3)
    assert png_pixel(plain((90, 90, 90)), p3) == pytest.approx((90, 90, 90), abs=1)


def test_another_white_is_adapted() -> None:
    d50 = chrm(0.3457, 0.3585, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
    assert png_pixel(plain((120, 120, 120)), d50) == pytest.approx((120, 120, 120), abs=1)


@pytest.mark.parametrize("points", [(0.0,) * 8, (0.3127, 0.3290) * 4])
def test_primaries_that_span_no_colours_are_ignored(points: tuple[float, ...]) -> None:
    assert png_pixel(plain(), chrm(*points)) == (200, 60, 30)


@pytest.mark.parametrize(
    ("numbers", "colour", "expected"),
    [
        ((SRGB, SRGB_CURVE), (200, 60, 30), (200, 60, 30)),
        ((SRGB, LINEAR), (55, 20, 128), (128, 79, 188)),
        ((P3, SRGB_CURVE), P3_RED, (255, 0, 0)),
        ((P3, SRGB_CURVE), P3_GREEN, (0, 255, 0)),
        ((SRGB, PQ), (148, 148, 148), (255, 255, 255)),  # 203 cd/m2
        ((SRGB, HLG), (191, 191, 191), (255, 255, 255)),  # 75 %
        ((BT2020, PQ), (0, 0, 0), (0, 0, 0)),
    ],
)
def test_a_png_is_read_by_its_colour_code(
    numbers: tuple[int, int], colour: Colour, expected: Colour
) -> None:
    found = png_pixel(plain(colour), gama(1.0), cicp(*numbers))
    assert found == pytest.approx(expected, abs=3)


@pytest.mark.parametrize("form", ["AVIF", "HEIF"])
def test_a_phones_picture_is_read_by_its_colour_code(form: str) -> None:
    options = {"subsampling": "4:4:4"} if form == "AVIF" else {"chroma": 444}
    data = saved(plain(P3_RED), form, quality=98, **options)
    assert pixel(data) == pytest.approx(P3_RED, abs=4)
    start = data.index(b"colrnclx") + 8
    coded = data[:start] + bytes((0, P3, 0, SRGB_CURVE)) + data[start + 4 :]
    assert pixel(coded) == pytest.approx((255, 0, 0), abs=6)


def test_a_cameras_adobe_rgb_is_known_by_its_exif_mark() -> None:
    pointers = struct.pack("<HHHIII", 1, 0x8769, 4, 1, 26, 0)
    interop = struct.pack("<HHHIII", 1, 0xA005, 4, 1, 44, 0)
    mark = struct.pack("<HHHI4sI", 1, 1, 2, 4, b"R03\0", 0)
    exif = b"Exif\0\0II*\0\x08\0\0\0" + pointers + interop + mark
    data = saved(plain(ADOBE_RED), "JPEG", exif=exif, quality=98, subsampling=0)
    assert pixel(data) == pytest.approx((255, 0, 0), abs=3)
    assert pixel(saved(plain(ADOBE_RED), "JPEG", exif=exif.replace(b"R03", b"R98"))) == (
        pytest.approx(ADOBE_RED, abs=3)
    )
