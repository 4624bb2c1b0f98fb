"""The comment is read from files of ours, and nothing from any other."""

from __future__ import annotations

import io
import json
import struct
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from gpu_worker.media.encode import encode
from storage.clip_comment import COMMENT_LIMIT, comment_of
from storage.domain.clip import Container
from tests.support.clip_files import box, small_gif

COMMENT = json.dumps(
    {"mutoscope": {"prompt": 'a <b> & "c" = d; e \\ 镜头 🎬 #'}}, ensure_ascii=False
)
FRAMES = [np.full((64, 64, 3), 40 * number, np.uint8) for number in range(3)]


@pytest.mark.parametrize("container", Container)
def test_a_comment_is_read_from_every_kind_of_clip(container: Container) -> None:
    encoded = encode(FRAMES, 8, 2**20, {"comment": COMMENT}, container)
    assert json.loads(comment_of(encoded.data)) == json.loads(COMMENT)
    bare = encode(FRAMES, 8, 2**20, {}, container)
    assert comment_of(bare.data) == ""


def mp4(content: bytes, kind: int = 1) -> bytes:
    """Return the boxes of an MP4 in which a comment lies."""
    inside = box(b"data", struct.pack(">II", kind, 0) + content)
    for name in (b"\xa9cmt", b"ilst"):
        inside = box(name, inside)
    return box(b"moov", box(b"udta", box(b"meta", b"\0\0\0\0" + inside)))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GIF8",
        b"RIFF",
        b"RIFF\0\0\0\0WEBPXMP \xff\xff\xff\xff",
        b"not a clip at all",
        mp4(b"a" * (COMMENT_LIMIT + 1)),
        mp4(b"a picture", kind=13),
        mp4(b"cut")[:-5],
        box(b"moov", box(b"udta", b"")),
        small_gif(),
        small_gif()[:20],
        struct.pack(">I4sQ", 1, b"moov", 2**63),
    ],
)
def test_other_and_broken_files_have_no_comment(data: bytes) -> None:
    assert comment_of(data) in ("", "cu", "c")


def test_a_picture_has_no_comment() -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "WEBP")
    assert comment_of(buffer.getvalue()) == ""


@pytest.mark.parametrize(
    "data",
    [
        box(b"free", b"") * 10**6,
        b"GIF89a" + b"\0" * 7 + b"\x21\xf9\0" * 10**6,
        b"GIF89a" + b"\0" * 7 + b"\x21\xfe" + b"\x01a" * 10**6,
        b"RIFF\0\0\0\0WEBP" + b"ANMF\0\0\0\0" * 10**6,
        b"RIFF\0\0\0\0WEBPXMP " + struct.pack("<I", 2**17) + b"<dc:description>" * 2**13,
    ],
)
def test_no_file_takes_long_to_read(data: bytes) -> None:
    started = time.process_time()
    comment_of(data)
    assert time.process_time() - started < 5.0


@given(st.binary(max_size=300), st.sampled_from([b"", b"GIF89a", b"RIFF0000WEBP", mp4(b"x")[:40]]))
def test_any_bytes_can_be_read(data: bytes, head: bytes) -> None:
    assert len(comment_of(head + data)) <= COMMENT_LIMIT
