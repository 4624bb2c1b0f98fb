"""Uploads are refused before any costly work, or decoded to the pixels that were put in."""

from __future__ import annotations

import io
import struct
import time
import tracemalloc
import zlib
from collections.abc import Callable, Sequence
from typing import Literal

import pytest
from PIL import Image, ImageChops, ImageCms, ImageDraw, PngImagePlugin

from storage.domain.errors import BadPicture
from storage.pictures.decoding import BACKGROUND, open_picture
from storage.pictures.inspection import inspect


def saved(image: Image.Image, form: str, **options: object) -> bytes:
    target = io.BytesIO()
    image.save(target, form, **options)
    return target.getvalue()


def gradient(width: int = 96, height: int = 64) -> Image.Image:
    ramp = Image.linear_gradient("L").resize((width, height))
    return Image.merge("RGB", (ramp, ramp.transpose(Image.Transpose.ROTATE_180), ramp))


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(width: int, height: int, *chunks: bytes, colour: int = 2) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks)


def refused(data: bytes, read: Callable[[bytes], object] = inspect) -> str:
    with pytest.raises(BadPicture) as caught:
        read(data)
    return caught.value.key


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0",
        b"hello, this is no picture",
        b"%PDF-1.7 ...",
        b"\x00\x00\x00\x20ftypisom" + bytes(200),
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n",
    ],
)
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    assert refused(data) == "picture_not_an_image"
    assert refused(data, open_picture) == "picture_not_an_image"


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"])
@pytest.mark.parametrize("share", [0.02, 0.4, 0.8])
def test_a_truncated_picture_is_refused(form: str, share: float) -> None:
    noise = Image.effect_noise((128, 96), 80).convert("RGB")
    data = saved(noise, form)
    cut = data[: max(12, int(len(data) * share))]
    assert refused(cut) == "picture_truncated"
    assert refused(cut, open_picture) == "picture_truncated"


@pytest.mark.parametrize("form", ["GIF", "PNG", "WEBP", "AVIF"])
def test_an_animated_picture_is_refused(form: str) -> None:
    frames = [gradient(), gradient().rotate(180)]
    data = saved(frames[0], form, save_all=True, append_images=frames[1:], duration=100)
    assert refused(data) == "picture_animated"


@pytest.mark.parametrize("form", ["GIF", "PNG", "WEBP"])
def test_an_animation_of_one_frame_is_a_still(form: str) -> None:
    data = saved(gradient(), form, save_all=True)
    assert not inspect(data).animated


@pytest.mark.parametrize("read", [inspect, open_picture])
@pytest.mark.parametrize("size", [(30_000, 30_000), (10_000, 10_000), (20_001, 40), (8000, 6251)])
def test_a_huge_picture_is_refused_from_its_header_alone(
    read: Callable[[bytes], object], size: tuple[int, int]
) -> None:
    bomb = png(*size, chunk(b"IDAT", zlib.compress(bytes(1000))), chunk(b"IEND", b""))
    tracemalloc.start()
    started = time.perf_counter()
    key = refused(bomb, read)
    elapsed = time.perf_counter() - started
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert key == "picture_too_large"
    assert elapsed < 0.5
    assert peak < 5_000_000


def test_a_huge_webp_is_refused_from_its_header_alone() -> None:
    canvas = struct.pack("<I", 0)[:4] + struct.pack("<I", 16382)[:3] * 2
    body = b"WEBPVP8X" + struct.pack("<I", 10) + canvas
    data = b"RIFF" + struct.pack("<I", len(body)) + body
    assert refused(data) in {"picture_too_large", "picture_truncated"}


@pytest.mark.parametrize("size", [(1, 1), (1, 400), (400, 31)])
def test_a_tiny_picture_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(BadPicture) as caught:
        inspect(saved(Image.new("RGB", size), "PNG"))
    assert caught.value.key == "picture_too_small"
    assert caught.value.parameters == {"width": size[0], "height": size[1], "limit": 32}


def test_facts_give_format_size_and_brightness() -> None:
    dark = inspect(saved(Image.new("RGB", (640, 480), (10, 10, 10)), "JPEG"))
    assert (dark.format, dark.width, dark.height, dark.animated) == ("jpeg", 640, 480, False)
    assert dark.brightness == pytest.approx(10 / 255, abs=0.01)
    assert dark.contrast < 0.01
    assert inspect(saved(gradient(), "PNG")).contrast > 0.05


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_facts_give_the_size_as_it_is_shown(form: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    facts = inspect(saved(gradient(901, 600), form, exif=exif))
    assert (facts.width, facts.height) == ((600, 901) if orientation > 4 else (901, 600))


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("exif", [b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff", b"\xff" * 3000])
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_broken_exif_is_ignored(exif: bytes, form: str) -> None:
    data = saved(gradient(), form, exif=exif)
    assert inspect(data).width == 96
    assert open_picture(data).size == (96, 64)


@pytest.mark.parametrize("profile", [b"", b"no profile", bytes(5000)])
def test_a_broken_colour_profile_is_ignored(profile: bytes) -> None:
    data = saved(gradient(), "PNG", icc_profile=profile)
    assert open_picture(data).tobytes() == gradient().tobytes()


def test_a_bomb_in_a_text_chunk_is_ignored() -> None:
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Comment", "a" * 20_000_000, zip=True)
    data = saved(gradient(), "PNG", pnginfo=notes)
    assert open_picture(data).tobytes() == gradient().tobytes()
    assert inspect(data).width == 96


def subject_of(box: tuple[int, int, int, int]) -> float:
    """Return the subject's share for a striped box on a plain background."""
    image = Image.new("RGB", (500, 400), (120, 170, 220))
    draw = ImageDraw.Draw(image)
    for x in range(box[0], box[2], 8):
        draw.rectangle((x, box[1], x + 3, box[3]), fill=(20, 20, 20))
    return inspect(saved(image, "PNG")).subject


def test_a_small_thing_on_a_plain_background_is_small() -> None:
    assert subject_of((230, 180, 290, 240)) < 0.06


def test_a_thing_that_fills_the_picture_is_large() -> None:
    assert subject_of((10, 10, 490, 390)) > 0.5


def test_a_picture_without_detail_has_no_small_subject() -> None:
    assert subject_of((0, 0, 0, 0)) == 1.0


def largest_difference(one: Image.Image, other: Image.Image) -> int:
    """Return the largest difference of any channel of any pixel."""
    assert one.mode == other.mode == "RGB"
    assert one.size == other.size
    return max(high for _, high in ImageChops.difference(one, other).getextrema())  # type: ignore[misc]  # RGB has pairs


def deep_png(values: Sequence[tuple[int, ...]], width: int, height: int, colour: int) -> bytes:
    """Return a 16-bit PNG whose rows repeat the given pixels."""
    row = b"\0" + b"".join(struct.pack(f">{len(pixel)}H", *pixel) for pixel in values)
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, colour, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress(row * height))
    return b"\x89PNG\r\n\x1a\n" + header + body + chunk(b"IEND", b"")


@pytest.mark.parametrize("form", ["PNG", "BMP", "TIFF", "WEBP"])
def test_plain_pictures_come_back_bit_by_bit(form: str) -> None:
    options = {"lossless": True} if form == "WEBP" else {}
    assert largest_difference(open_picture(saved(gradient(), form, **options)), gradient()) == 0


@pytest.mark.parametrize("form", ["PNG", "WEBP", "TIFF"])
def test_transparent_pictures_get_a_neutral_background(form: str) -> None:
    picture = gradient().convert("RGBA")
    picture.paste((255, 0, 0, 0), (0, 0, 48, 64))
    options = {"lossless": True, "exact": True} if form == "WEBP" else {}
    opened = open_picture(saved(picture, form, **options))
    assert opened.getpixel((10, 10)) == BACKGROUND
    assert largest_difference(opened.crop((48, 0, 96, 64)), gradient().crop((48, 0, 96, 64))) == 0


def test_half_transparent_grey_is_mixed_with_the_background() -> None:
    opened = open_picture(saved(Image.new("LA", (40, 40), (0, 128)), "PNG"))
    assert opened.getpixel((5, 5)) == (64, 64, 64) or opened.getpixel((5, 5)) == (63, 63, 63)


@pytest.mark.parametrize("form", ["PNG", "GIF"])
def test_a_palette_with_a_transparent_colour_looks_right(form: str) -> None:
    picture = Image.new("P", (40, 40), 1)
    picture.putpalette([0, 0, 0, 200, 30, 40, 10, 250, 20])
    picture.paste(2, (0, 0, 20, 40))
    opened = open_picture(saved(picture, form, transparency=2))
    assert opened.getpixel((5, 5)) == BACKGROUND
    assert opened.getpixel((30, 5)) == (200, 30, 40)


@pytest.mark.parametrize("form", ["JPEG", "TIFF"])
def test_cmyk_pictures_keep_their_colours(form: str) -> None:
    # Pillow writes CMYK JPEGs as Adobe does, with every ink inverted.
    inks = Image.new("CMYK", (64, 64), (0, 255, 255, 0))
    inks.paste((255, 0, 255, 0), (32, 0, 64, 64))
    options = {"quality": 95, "subsampling": 0} if form == "JPEG" else {}
    data = saved(inks, form, **options)
    assert (b"Adobe" in data) == (form == "JPEG")
    opened = open_picture(data)
    wanted = Image.new("RGB", (64, 64), (255, 0, 0))
    wanted.paste((0, 255, 0), (32, 0, 64, 64))
    assert largest_difference(opened, wanted) <= 3


def test_sixteen_bit_grey_png_is_scaled_not_clipped() -> None:
    values = [(round(x * 65535 / 63),) for x in range(64)]
    opened = open_picture(deep_png(values, 64, 40, 0))
    row = [opened.getpixel((x, 7)) for x in range(64)]
    assert row == [(round(x * 255 / 63),) * 3 for x in range(64)]


def test_a_dark_sixteen_bit_picture_stays_dark() -> None:
    opened = open_picture(deep_png([(514,)] * 64, 64, 40, 0))
    assert opened.getpixel((3, 3)) == (2, 2, 2)


@pytest.mark.parametrize("colour", [2, 6])
def test_sixteen_bit_colour_png_is_scaled_not_clipped(colour: int) -> None:
    alpha = (65535,) if colour == 6 else ()
    values = [(x * 1040, 65535 - x * 1040, 32896, *alpha) for x in range(64)]
    opened = open_picture(deep_png(values, 64, 40, colour))
    for x in (0, 20, 63):
        wanted = (x * 1040 / 257, (65535 - x * 1040) / 257, 128)
        assert opened.getpixel((x, 3)) == pytest.approx(wanted, abs=1.01)


@pytest.mark.parametrize("mode", ["I;16", "I;16B", "I", "F"])
def test_deep_grey_tiff_is_scaled_not_clipped(mode: str) -> None:
    values = [round(x * 65535 / 63) for x in range(64)] * 40
    form = {"I;16": "<H", "I;16B": ">H", "I": "<i", "F": "<f"}[mode]
    raw = b"".join(struct.pack(form, value) for value in values)
    picture = Image.frombytes(mode, (64, 40), raw)
    opened = open_picture(saved(picture, "TIFF"))
    assert [opened.getpixel((x, 3)) for x in (0, 21, 42, 63)] == [
        (value,) * 3 for value in (0, 85, 170, 255)
    ]


def test_unit_floats_are_taken_for_black_to_white() -> None:
    raw = b"".join(struct.pack("<f", x / 63) for x in range(64)) * 40
    opened = open_picture(saved(Image.frombytes("F", (64, 40), raw), "TIFF"))
    assert [opened.getpixel((x, 3)) for x in (0, 63)] == [(0,) * 3, (255,) * 3]


def test_one_bit_pictures_are_black_and_white() -> None:
    picture = Image.new("1", (64, 40))
    picture.paste(1, (0, 0, 32, 40))
    opened = open_picture(saved(picture, "PNG"))
    assert (opened.getpixel((3, 3)), opened.getpixel((60, 3))) == ((255,) * 3, (0,) * 3)


UNDO = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@pytest.mark.parametrize("form", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", list(UNDO))
def test_rotated_pictures_stand_upright(form: str, orientation: int) -> None:
    upright = gradient(96, 64)
    upright.paste((250, 250, 10), (0, 0, 40, 16))
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = upright.transpose(UNDO[orientation])
    lossy: dict[str, dict[str, object]] = {
        "JPEG": {"quality": 98, "subsampling": 0},
        "WEBP": {"lossless": True},
    }
    opened = open_picture(saved(stored, form, exif=exif, **lossy.get(form, {})))
    assert largest_difference(opened, upright) <= (60 if form == "JPEG" else 0)
    assert opened.getpixel((5, 5)) == pytest.approx((250, 250, 10), abs=6)


def srgb() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def test_a_pictures_own_colour_profile_is_honoured() -> None:
    swapped = srgb().replace(b"rXYZ", b"????").replace(b"gXYZ", b"rXYZ").replace(b"????", b"gXYZ")
    swapped = swapped.replace("sRGB".encode("utf-16-be"), "odd!".encode("utf-16-be"))
    data = saved(Image.new("RGB", (40, 40), (200, 60, 30)), "PNG", icc_profile=swapped)
    assert open_picture(data).getpixel((3, 3)) == pytest.approx((60, 200, 30), abs=2)


def test_the_usual_colour_profile_changes_nothing() -> None:
    data = saved(gradient(), "PNG", icc_profile=srgb())
    assert largest_difference(open_picture(data), gradient()) == 0


@pytest.mark.parametrize("space", ["XYZ", "LAB"])
def test_a_profile_of_another_colour_space_is_ignored(space: Literal["XYZ", "LAB"]) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile(space)).tobytes()
    data = saved(gradient(), "PNG", icc_profile=profile)
    assert largest_difference(open_picture(data), gradient()) == 0


def test_a_phone_picture_with_a_second_one_inside_is_a_still() -> None:
    target = io.BytesIO()
    gradient().save(target, "MPO", save_all=True, append_images=[gradient(48, 32)])
    assert (inspect(target.getvalue()).width, inspect(target.getvalue()).animated) == (96, False)
