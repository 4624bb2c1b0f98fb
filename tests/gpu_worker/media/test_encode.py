"""Files: what comes out of the encoder is what went in, and fits."""

from __future__ import annotations

import io
import json
import os
import struct
import subprocess
from collections.abc import Iterator

import cv2
import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image

from gpu_worker.media import ffmpeg as ffmpeg_runner
from gpu_worker.media.encode import BEST, TooLarge, encode, poster
from gpu_worker.media.frames import Frame, Frames
from storage.domain.clip import Container
from tests.support.process_tree import children

PLENTY = 10 * 1024 * 1024


def scene(frames: int = 8, width: int = 128, height: int = 96, grain: float = 3.0) -> Frames:
    """Return a camera's pan over soft blobs, finer where grain is smaller."""
    noise = np.random.default_rng(7).uniform(0, 255, (height, width + 4 * frames, 3))
    soft = cv2.GaussianBlur(noise.astype(np.float32), (0, 0), grain)
    wide = np.clip((soft - 128) * grain + 128, 0, 255).astype(np.uint8)
    return np.stack([wide[:, 3 * i : 3 * i + width] for i in range(frames)])


def ffmpeg(data: bytes, *options: str) -> subprocess.CompletedProcess[bytes]:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-i", "-", *options]
    return subprocess.run(command, input=data, capture_output=True, check=False)


def decoded(data: bytes, height: int, width: int) -> Frames:
    raw = ffmpeg(data, "-f", "rawvideo", "-pix_fmt", "rgb24", "-").stdout
    return np.frombuffer(raw, np.uint8).reshape(-1, height, width, 3)


def psnr(one: Frames, other: Frames) -> float:
    error = np.mean((one.astype(float) - other.astype(float)) ** 2)
    return float(10 * np.log10(255**2 / max(error, 1e-9)))


@pytest.mark.parametrize(("width", "height"), [(128, 128), (128, 96), (256, 144)])
def test_a_clip_comes_back_as_it_went_in(width: int, height: int) -> None:
    frames = scene(8, width, height)
    seen = decoded(encode(frames, 8, PLENTY, {}).data, height, width)
    assert seen.shape == frames.shape
    assert psnr(seen, frames) > 32  # what yuv420p's halved colour resolution leaves of this scene
    assert psnr(seen.mean(axis=3, keepdims=True), frames.mean(axis=3, keepdims=True)) > 38


def test_detail_of_a_tiny_grey_clip_is_not_blurred() -> None:
    grey = np.repeat(scene(8, 128, 128, grain=1.0)[..., :1], 3, axis=3)
    seen = decoded(encode(grey, 8, PLENTY, {}).data, 128, 128)
    assert psnr(seen, grey) > 38
    assert (
        np.abs(np.diff(seen.astype(int), axis=2)).mean()
        > 0.97 * np.abs(np.diff(grey.astype(int), axis=2)).mean()
    )


@pytest.mark.parametrize("colour", [(220, 30, 40), (20, 200, 60), (30, 40, 210), (255, 255, 255)])
def test_colours_are_kept(colour: tuple[int, int, int]) -> None:
    plain = np.full((4, 64, 64, 3), colour, np.uint8)
    seen = decoded(encode(plain, 8, PLENTY, {}).data, 64, 64)
    assert np.abs(seen.astype(int) - plain).max() <= 3


def test_the_file_is_what_browsers_and_discord_play_inline() -> None:
    data = encode(scene(), 8, PLENTY, {}).data
    said = ffmpeg(data, "-f", "null", "-").stderr.decode()
    assert "h264 (High)" in said
    assert "yuv420p(tv, bt709, progressive)" in said
    assert "8 fps" in said
    assert data.index(b"moov") < data.index(b"mdat")


def test_equal_frames_give_equal_bytes() -> None:
    metadata = {"title": "zoom in", "comment": "{}"}
    assert encode(scene(), 8, PLENTY, metadata).data == encode(scene(), 8, PLENTY, metadata).data
    assert encode(scene(), 9, PLENTY, metadata).data != encode(scene(), 8, PLENTY, metadata).data


def test_frames_are_rendered_one_after_the_other_and_again_where_the_file_is_too_large() -> None:
    class Rendered:
        """Counts the frames that are rendered, and in how many rounds."""

        rounds = 0

        def __len__(self) -> int:
            return 8

        def __getitem__(self, index: int) -> Frame:
            return np.asarray(still[index], np.uint8)

        def __iter__(self) -> Iterator[Frame]:
            self.rounds += 1
            return iter(still)

    still, rendered = scene(8, 192, 192, grain=1.2), Rendered()
    best = encode(rendered, 8, PLENTY, {})
    assert rendered.rounds == 1
    assert best.data == encode(still, 8, PLENTY, {}).data
    assert encode(rendered, 8, len(best.data) // 2, {}).quality > BEST
    assert rendered.rounds > 2


def test_an_error_while_rendering_ends_the_encoder() -> None:
    def frames() -> Iterator[Frame]:
        yield scene(1)[0]
        raise ZeroDivisionError

    before = children(os.getpid())
    options = {"options": ["-c:v", "libx264"], "suffix": ".mp4", "metadata": {}}
    with pytest.raises(ZeroDivisionError):
        ffmpeg_runner.run(frames(), (128, 96), 8, **options)  # type: ignore[arg-type]  # by name
    assert children(os.getpid()) == before


def test_metadata_is_inside_the_file_whatever_the_prompt() -> None:
    parameters = {"seed": 7, "prompt": "a=b; c\\d #'\"\r\n镜头推近 \N{CLAPPER BOARD}" * 9000}
    comment = json.dumps(parameters, ensure_ascii=False)
    data = encode(scene(), 8, PLENTY, {"title": "NUL\0 and \ud800", "comment": comment}).data
    said = ffmpeg(data, "-f", "ffmetadata", "-").stdout.decode()
    assert "title=NUL and ?" in said
    assert comment.encode() in data


@pytest.mark.parametrize("container", list(Container))
def test_quality_gives_way_before_size(container: Container) -> None:
    frames = scene(8, 192, 192, grain=1.2)
    best = encode(frames, 8, PLENTY, {}, container)
    assert (best.quality, best.width) == (BEST, 192)
    less = encode(frames, 8, len(best.data) * 2 // 3, {}, container)
    assert len(less.data) <= len(best.data) * 2 // 3
    assert less.quality > BEST
    assert (less.width, less.height) == (192, 192)
    least = encode(frames, 8, len(best.data) // 8, {}, container)
    assert len(least.data) <= len(best.data) // 8
    assert 64 <= least.width <= 192


@pytest.mark.parametrize("limit", [0, 1, 900])
def test_a_limit_that_nothing_fits_is_too_large(limit: int) -> None:
    with pytest.raises(TooLarge) as caught:
        encode(scene(), 8, limit, {})
    assert caught.value.key == "failed_too_large"
    assert caught.value.parameters["limit"] == limit


def test_odd_sides_are_padded_not_stretched() -> None:
    frames = scene(4, 97, 65)
    seen = decoded(encode(frames, 8, PLENTY, {}).data, 66, 98)
    assert psnr(seen[:, :65, :97], frames) > 30


def test_a_gif_loops_for_ever_and_carries_its_parameters() -> None:
    comment = json.dumps({"prompt": "x" * 600})
    frames = scene()
    data = encode(frames, 10, PLENTY, {"comment": comment}, Container.GIF).data
    with Image.open(io.BytesIO(data)) as image:
        assert (image.format, image.size, getattr(image, "n_frames", 1)) == ("GIF", (128, 96), 8)
        assert (image.info["loop"], image.info["duration"]) == (0, 100)
        assert image.info["comment"].decode() == comment
        assert psnr(np.asarray(image.convert("RGB"))[None], frames[:1]) > 25


def test_the_poster_is_the_frame_itself() -> None:
    frame = scene(1)[0]
    data = poster(frame)
    assert struct.unpack(">II", data[16:24]) == (128, 96)
    with Image.open(io.BytesIO(data)) as image:
        assert np.array_equal(np.asarray(image), frame)
