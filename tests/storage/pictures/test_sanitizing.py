"""What a file costs is bounded by its structure, in a moment and before anything is decoded."""

from __future__ import annotations

import contextlib
import io
import time
from collections.abc import Callable

import pytest
from PIL import Image, PngImagePlugin

from storage.domain.errors import BadPicture
from storage.pictures.decoding import open_picture
from storage.pictures.inspection import inspect
from storage.pictures.sanitizing import MAX_SCANS, sanitize
from tests.support.pictures import hostile
from tests.support.pictures.files import (
    before_pixels,
    chunk,
    gradient,
    largest_difference,
    noise,
    refused,
    saved,
)

FLOODS: dict[str, Callable[[], bytes]] = {
    "scans": lambda: hostile.scan_bomb(5_000),
    "scans of a large picture": lambda: hostile.scan_bomb(40, 8000, 6250),
    "segments": lambda: hostile.segment_flood(8_000_000),
    "chunks": lambda: hostile.chunk_flood(2_500_000),
    "chunks of pixels": hostile.pixel_chunk_flood,
    "blocks": lambda: hostile.block_flood(16_000_000),
    "tags": lambda: hostile.tag_flood(20_000),
    "tags of many bytes": lambda: hostile.tag_flood(900),
}


@pytest.mark.parametrize("kind", FLOODS)
def test_a_flood_is_refused_in_a_moment(kind: str) -> None:
    data = FLOODS[kind]()
    started = time.process_time()
    assert refused(data) == "picture_too_complex"
    assert time.process_time() - started < 10.0


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xd8" + b"\xff" * 30_000_000,
        b"\xff\xd8" + b"\xff\xd8" * 15_000_000,
        saved(noise(), "JPEG")[:-2] + b"\xff\0" * 15_000_000,
        saved(noise(), "JPEG")[:-2] + b"\xff\xd0" * 15_000_000,
        b"GIF89a" + b"\xff" * 30_000_000,
        b"\x89PNG\r\n\x1a\n" + b"\xff" * 30_000_000,
    ],
    ids=["fill bytes", "start markers", "stuffed bytes", "restarts", "GIF", "PNG"],
)
@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF"])
def test_a_walk_over_any_bytes_is_quick(form: str, data: bytes) -> None:
    started = time.process_time()
    with contextlib.suppress(BadPicture):
        sanitize(form, data)
    assert time.process_time() - started < 20.0


def test_usual_progressive_jpegs_are_far_below_the_bound() -> None:
    assert saved(noise(), "JPEG", progressive=True).count(b"\xff\xda") <= MAX_SCANS / 5
    assert inspect(hostile.scan_bomb(30, 800, 600)).width == 800


def test_a_bomb_in_a_text_chunk_is_removed() -> None:
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Comment", "a" * 20_000_000, zip=True)
    data = saved(gradient(), "PNG", pnginfo=notes)
    assert b"Comment" not in sanitize("PNG", data).data
    assert largest_difference(open_picture(data), gradient()) == 0


def test_of_chunks_that_stand_once_the_first_is_kept() -> None:
    first, second = chunk(b"gAMA", bytes(4)), chunk(b"gAMA", b"\1\1\1\1")
    kept = sanitize("PNG", before_pixels(saved(noise(), "PNG"), first, second)).data
    assert kept == before_pixels(saved(noise(), "PNG"), first)[: len(kept)]
    assert kept.count(b"gAMA") == 1


def test_a_gif_is_read_without_its_comments() -> None:
    data = hostile.block_flood(100_000)
    assert len(sanitize("GIF", data).data) < len(data) - 150_000
    plain = open_picture(hostile.block_flood(0))
    assert open_picture(data).tobytes() == plain.tobytes()


@pytest.mark.parametrize("version", [2, 8])
def test_the_tags_of_both_kinds_of_tiff_are_read(version: int) -> None:
    data = saved(gradient(), "TIFF", big_tiff=version == 8)
    assert sanitize("TIFF", data).complete
    assert not sanitize("TIFF", data[:100]).complete
    assert largest_difference(open_picture(data), gradient()) == 0


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_a_gifs_frames_are_counted_without_decoding_them(frames: int) -> None:
    images = [noise().quantize(16 + frame) for frame in range(frames)]
    data = saved(images[0], "GIF", save_all=True, append_images=images[1:])
    assert getattr(Image.open(io.BytesIO(data)), "n_frames", 1) == frames
    assert sanitize("GIF", data).animated == (frames > 1)


@pytest.mark.parametrize("cut", [1, 30])
def test_a_tiff_whose_tags_are_cut_off_is_damaged_and_not_unsupported(cut: int) -> None:
    data = saved(noise(), "TIFF", compression="tiff_lzw")  # its tags stand behind the pixels
    assert int.from_bytes(data[4:8], "little") > len(data) / 2
    assert refused(data[:-cut]) == "picture_truncated"
