"""A file counts as a clip only if it is whole and of the kind that it is said to be."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from gpu_worker.media.encode import encode
from storage.clip_file import DamagedClip, check_clip_file
from storage.domain.clip import Container
from tests.support.clip_files import box, small_gif, smallest_mp4

FRAMES = np.random.default_rng(0).integers(0, 255, (8, 64, 96, 3), np.uint8)


@pytest.fixture(scope="module", params=Container)
def encoded(request: pytest.FixtureRequest) -> tuple[bytes, Container]:
    """A clip as a worker encodes it."""
    container = request.param
    return encode(FRAMES, 8, 10**6, {"comment": "zoom in " * 60}, container).data, container


def test_what_a_worker_encodes_is_a_clip(encoded: tuple[bytes, Container]) -> None:
    check_clip_file(*encoded)


@pytest.mark.parametrize("share", [0.0, 0.001, 0.1, 0.5, 0.9, 0.999])
def test_a_part_of_a_clip_is_none(encoded: tuple[bytes, Container], share: float) -> None:
    data, container = encoded
    with pytest.raises(DamagedClip):
        check_clip_file(data[: int(len(data) * share)], container)


def test_a_clip_of_another_kind_is_none(encoded: tuple[bytes, Container]) -> None:
    data, container = encoded
    for other in {*Container} - {container}:
        with pytest.raises(DamagedClip):
            check_clip_file(data, other)


@pytest.mark.parametrize("container", Container)
@pytest.mark.parametrize("data", [b"", b"\0" * 100, b"<html>", b"\x89PNG" * 50, b"\xff" * 64])
def test_anything_else_is_none(data: bytes, container: Container) -> None:
    with pytest.raises(DamagedClip):
        check_clip_file(data, container)


@pytest.mark.parametrize(
    "data",
    [
        smallest_mp4(frames=0),
        smallest_mp4(media=b""),
        smallest_mp4()[8 + 8 :],  # without its first box
        box(b"ftyp", b"isom") + box(b"mdat", b"media"),
        box(b"ftyp", b"isom") + struct.pack(">I4s", 4, b"mdat"),
        small_gif()[:-1] + b"\0",
    ],
)
def test_a_clip_without_a_part_that_it_needs_is_none(data: bytes) -> None:
    container = Container.GIF if data.startswith(b"GIF") else Container.MP4
    with pytest.raises(DamagedClip):
        check_clip_file(data, container)


def test_boxes_of_any_size_are_followed() -> None:
    wide = struct.pack(">I4sQ", 1, b"free", 16 + 5) + b"space"
    to_the_end = struct.pack(">I4s", 0, b"free") + b"more"
    check_clip_file(smallest_mp4() + wide + to_the_end, Container.MP4)


def test_random_changes_raise_nothing_else(encoded: tuple[bytes, Container]) -> None:
    data, container = encoded
    chance = np.random.default_rng(1)
    for _ in range(300):
        changed = bytearray(data)
        for at in chance.integers(0, min(len(data), 2000), 3):
            changed[at] = chance.integers(0, 256)
        try:
            check_clip_file(bytes(changed), container)
        except DamagedClip:
            continue
