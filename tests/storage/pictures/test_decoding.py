"""Uploads are refused before any costly work, or decoded to the pixels that were put in."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zlib
from collections.abc import Callable

import pillow_heif
import pytest
from PIL import Image

from storage.pictures import decoding
from storage.pictures.decoding import BACKGROUND, PictureFile, open_picture
from storage.pictures.formats import READABLE
from storage.pictures.inspection import inspect
from tests.support.pictures.files import (
    chunk,
    deep_png,
    gradient,
    largest_difference,
    noise,
    png,
    refused,
    saved,
)


@pytest.mark.parametrize("form", READABLE)
@pytest.mark.parametrize("share", [0.02, 0.4, 0.8])
def test_a_truncated_picture_is_refused(form: str, share: float) -> None:
    noise = Image.effect_noise((128, 96), 80).convert("RGB")
    data = saved(noise, form)
    cut = data[: max(12, int(len(data) * share))]
    assert refused(cut) == "picture_truncated"
    assert refused(cut, open_picture) == "picture_truncated"


@pytest.mark.parametrize("read", [inspect, open_picture])
@pytest.mark.parametrize("size", [(30_000, 30_000), (10_000, 10_000), (20_001, 40), (8000, 6251)])
def test_a_huge_picture_is_refused_from_its_header_alone(
    read: Callable[[bytes], object], size: tuple[int, int]
) -> None:
    bomb = png(*size, chunk(b"IDAT", zlib.compress(bytes(1000))), chunk(b"IEND", b""))
    tracemalloc.start()
    key = refused(bomb, read)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert key == "picture_too_large"
    assert peak < 5_000_000


def test_a_huge_webp_is_refused_from_its_header_alone() -> None:
    canvas = struct.pack("<I", 0)[:4] + struct.pack("<I", 16382)[:3] * 2
    body = b"WEBPVP8X" + struct.pack("<I", 10) + canvas
    data = b"RIFF" + struct.pack("<I", len(body)) + body
    assert refused(data) in {"picture_too_large", "picture_truncated"}


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("exif", [b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff", b"\xff" * 3000])
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_broken_exif_is_ignored(exif: bytes, form: str) -> None:
    data = saved(gradient(), form, exif=exif)
    assert inspect(data).width == 96
    assert open_picture(data).size == (96, 64)


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


@pytest.mark.parametrize("form", ["HEIF", "AVIF"])
@pytest.mark.parametrize("orientation", [1, *UNDO])
def test_phone_pictures_stand_upright(form: str, orientation: int) -> None:
    upright = gradient(96, 64)
    upright.paste((250, 250, 10), (0, 0, 40, 16))
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = upright.transpose(UNDO[orientation]) if orientation > 1 else upright
    data = saved(stored, form, exif=exif.tobytes(), quality=95)
    assert PictureFile.open(data).size == (96, 64)
    assert largest_difference(open_picture(data), upright) <= 70  # at the edges
    assert open_picture(data).getpixel((5, 5)) == pytest.approx((250, 250, 10), abs=6)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA"])
def test_heic_pictures_of_every_mode_are_read(mode: str) -> None:
    opened = open_picture(saved(gradient().convert(mode), "HEIF", quality=95))
    assert largest_difference(opened, gradient().convert(mode).convert("RGB")) <= 8


def test_heic_pictures_of_ten_bits_are_read() -> None:
    deep = b"".join(struct.pack("<H", 257 * value) for value in gradient().tobytes())
    target = io.BytesIO()
    pillow_heif.from_bytes("RGB;16", (96, 64), deep).save(target, quality=95)
    assert largest_difference(open_picture(target.getvalue()), gradient()) <= 8


@pytest.mark.parametrize("form", ["GIF", "PNG", "WEBP", "AVIF"])
def test_of_an_animation_the_first_frame_is_taken(form: str) -> None:
    frames = [gradient(), gradient().rotate(180)]
    data = saved(frames[0], form, save_all=True, append_images=frames[1:], duration=100)
    assert PictureFile.open(data).animated
    assert largest_difference(open_picture(data), frames[0]) <= 20


def test_the_still_for_viewers_without_animation_is_no_frame() -> None:
    frames = [Image.new("RGB", (40, 40), colour) for colour in ("red", "lime", "blue")]
    data = saved(
        frames[0], "PNG", save_all=True, default_image=True, append_images=frames[1:], duration=100
    )
    assert PictureFile.open(data).animated
    assert open_picture(data).getpixel((5, 5)) == (0, 255, 0)


@pytest.mark.parametrize("form", ["GIF", "PNG", "WEBP"])
def test_an_animation_of_one_frame_is_a_still(form: str) -> None:
    assert not PictureFile.open(saved(gradient(), form, save_all=True)).animated


JPEGS: dict[str, dict[str, object]] = {
    "baseline": {},
    "progressive": {"progressive": True},
    "restarts": {"restart_marker_rows": 1},
    "full colour": {"subsampling": 0, "quality": 95},
}


def test_a_jpeg_that_ends_inside_a_segment_is_refused_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = saved(gradient(), "JPEG")[:-2] + b"\xff\xfe\x7f\xff"  # a comment that promises 32 KiB
    read, opened = decoding._open, []

    def count(form: str, data: bytes) -> Image.Image:
        opened.append(form)
        return read(form, data)

    monkeypatch.setattr(decoding, "_open", count)
    assert refused(data, open_picture) == "picture_truncated"
    assert len(opened) <= 4


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("kind", JPEGS)
def test_a_jpeg_without_an_end_marker_is_read_where_its_pixels_are_there(
    kind: str, mode: str
) -> None:
    data = saved(noise().convert(mode), "JPEG", **JPEGS[kind])
    whole = open_picture(data)
    for cut in (data[:-1], data[:-2]):
        assert open_picture(cut).tobytes() == whole.tobytes()
        assert inspect(cut) == inspect(data)


@pytest.mark.parametrize("kind", JPEGS)
def test_a_jpeg_that_lacks_pixels_is_refused(kind: str) -> None:
    data = saved(noise(), "JPEG", **JPEGS[kind])
    for length in range(20, len(data) - 24, 11):  # without the last would be a detail at most
        assert refused(data[:length], open_picture) == "picture_truncated"


def test_a_progressive_jpeg_that_lacks_whole_scans_is_refused() -> None:
    data = saved(noise(), "JPEG", progressive=True)
    scans = [at for at in range(len(data)) if data.startswith((b"\xff\xda", b"\xff\xc4"), at)]
    assert len(scans) > 10
    for start in scans[1:]:
        assert refused(data[:start], open_picture) == "picture_truncated"


@pytest.mark.parametrize(("form", "tail"), [("PNG", 12), ("PNG", 4), ("GIF", 1)])
def test_a_picture_without_its_end_is_read_where_its_pixels_are_there(form: str, tail: int) -> None:
    data = saved(gradient(), form)
    assert open_picture(data[:-tail]).tobytes() == open_picture(data).tobytes()


def test_a_sound_file_of_a_kind_that_is_not_read_is_no_damaged_one() -> None:
    lossless = saved(noise(), "JPEG").replace(b"\xff\xc0", b"\xff\xc3", 1)
    compressed = saved(gradient(), "BMP")
    compressed = compressed[:30] + b"\5" + compressed[31:]
    for data in (float_tiff(), lossless, compressed):
        assert refused(data) == "picture_unsupported_kind"


def float_tiff() -> bytes:
    """Return a TIFF of three 32-bit floats for each pixel."""
    tags = [
        (256, 3, 1, 40),
        (257, 3, 1, 40),
        (258, 3, 1, 32),
        (259, 3, 1, 1),
        (262, 3, 1, 2),
        (273, 4, 1, 200),
        (277, 3, 1, 3),
        (278, 3, 1, 40),
        (279, 4, 1, 40 * 40 * 12),
        (339, 3, 1, 3),
    ]
    entries = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    head = struct.pack("<2sHIH", b"II", 42, 8, len(tags)) + entries
    return head.ljust(200, b"\0") + struct.pack("<f", 0.5) * 40 * 40 * 3


@pytest.mark.parametrize("form", READABLE)
def test_a_large_picture_is_shrunk_until_it_just_covers(form: str) -> None:
    picture = gradient(1200, 500)
    data = saved(picture, form)
    opened = open_picture(data, cover=(300, 200))
    assert opened.size == (480, 200)
    wanted = picture.resize((480, 200), Image.Resampling.LANCZOS, reducing_gap=2.0)
    assert largest_difference(opened, wanted) <= 24
    assert open_picture(data, cover=(1200, 600)).size == (1200, 500)


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_large_jpeg_is_decoded_at_a_reduced_size(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    upload = PictureFile.open(saved(gradient(4000, 2000), "JPEG", exif=exif))
    cover = (200, 100) if orientation == 1 else (100, 200)
    assert upload.decode(cover).size == cover
    assert upload.image.size == (500, 250)
    assert upload.size == ((4000, 2000) if orientation == 1 else (2000, 4000))
