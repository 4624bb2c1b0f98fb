"""Uploads: what is refused, with which words, and before which work."""

from __future__ import annotations

import io
import struct
import time
import tracemalloc
import zlib
from collections.abc import Callable

import pytest
from PIL import Image, PngImagePlugin

from storage.domain.errors import BadPicture
from storage.pictures import inspect, open_picture


def saved(image: Image.Image, form: str, **options: object) -> bytes:
    target = io.BytesIO()
    image.save(target, form, **options)
    return target.getvalue()


def gradient(width: int = 96, height: int = 64) -> Image.Image:
    ramp = Image.linear_gradient("L").resize((width, height))
    return Image.merge("RGB", (ramp, ramp.transpose(Image.Transpose.ROTATE_180), ramp))


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, *chunks: bytes, colour: int = 2) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks)


def refused(data: bytes, door: Callable[[bytes], object] = inspect) -> str:
    with pytest.raises(BadPicture) as caught:
        door(data)
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
def test_what_is_no_picture_is_told_so(data: bytes) -> None:
    assert refused(data) == "picture_not_an_image"
    assert refused(data, open_picture) == "picture_not_an_image"


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"])
@pytest.mark.parametrize("share", [0.02, 0.4, 0.8])
def test_a_truncated_picture_is_told_so(form: str, share: float) -> None:
    noise = Image.effect_noise((128, 96), 80).convert("RGB")
    data = saved(noise, form)
    cut = data[: max(12, int(len(data) * share))]
    assert refused(cut) == "picture_truncated"
    assert refused(cut, open_picture) == "picture_truncated"


@pytest.mark.parametrize("form", ["GIF", "PNG", "WEBP", "AVIF"])
def test_an_animated_picture_is_told_so(form: str) -> None:
    frames = [gradient(), gradient().rotate(180)]
    data = saved(frames[0], form, save_all=True, append_images=frames[1:], duration=100)
    assert refused(data) == "picture_animated"


@pytest.mark.parametrize("form", ["GIF", "PNG", "WEBP"])
def test_an_animation_of_one_frame_is_a_still(form: str) -> None:
    data = saved(gradient(), form, save_all=True)
    assert not inspect(data).animated


@pytest.mark.parametrize("door", [inspect, open_picture])
@pytest.mark.parametrize("size", [(30_000, 30_000), (10_000, 10_000), (20_001, 40), (8000, 6251)])
def test_a_huge_picture_is_refused_from_its_header_alone(
    door: Callable[[bytes], object], size: tuple[int, int]
) -> None:
    bomb = png(*size, chunk(b"IDAT", zlib.compress(bytes(1000))), chunk(b"IEND", b""))
    tracemalloc.start()
    begun = time.perf_counter()
    key = refused(bomb, door)
    taken = time.perf_counter() - begun
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert key == "picture_too_large"
    assert taken < 0.5
    assert peak < 5_000_000


def test_a_huge_webp_is_refused_from_its_header_alone() -> None:
    canvas = struct.pack("<I", 0)[:4] + struct.pack("<I", 16382)[:3] * 2
    body = b"WEBPVP8X" + struct.pack("<I", 10) + canvas
    data = b"RIFF" + struct.pack("<I", len(body)) + body
    assert refused(data) in {"picture_too_large", "picture_truncated"}


@pytest.mark.parametrize("size", [(1, 1), (1, 400), (400, 31)])
def test_a_tiny_picture_is_told_so(size: tuple[int, int]) -> None:
    with pytest.raises(BadPicture) as caught:
        inspect(saved(Image.new("RGB", size), "PNG"))
    assert caught.value.key == "picture_too_small"
    assert caught.value.parameters == {"width": size[0], "height": size[1], "limit": 32}


def test_facts_say_format_size_and_light() -> None:
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
def test_broken_exif_costs_nobody_their_picture(exif: bytes, form: str) -> None:
    data = saved(gradient(), form, exif=exif)
    assert inspect(data).width == 96
    assert open_picture(data).size == (96, 64)


@pytest.mark.parametrize("profile", [b"", b"no profile", bytes(5000)])
def test_a_broken_colour_profile_is_ignored(profile: bytes) -> None:
    data = saved(gradient(), "PNG", icc_profile=profile)
    assert open_picture(data).tobytes() == gradient().tobytes()


def test_a_bomb_in_the_text_costs_nobody_their_picture() -> None:
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Comment", "a" * 20_000_000, zip=True)
    data = saved(gradient(), "PNG", pnginfo=notes)
    assert open_picture(data).tobytes() == gradient().tobytes()
    assert inspect(data).width == 96
