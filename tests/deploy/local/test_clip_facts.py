"""The facts of a clip are measured from its file."""

import subprocess
from io import BytesIO
from pathlib import Path

import imageio_ffmpeg
import pytest
from PIL import Image

from deploy.local.clip_facts import credentials_in, measure
from gpu_worker.media.encode import encode
from tests.gpu_worker.media.test_encode import scene
from tests.support.credentials.signing import signer
from tests.support.examples import REQUEST

SIDE, FRAMES = 64, 8


def picture() -> tuple[bytes, Image.Image]:
    image = Image.radial_gradient("L").resize((SIDE, SIDE)).convert("RGB")
    file = BytesIO()
    image.save(file, "PNG")
    return file.getvalue(), image


def write(path: Path, frames: list[Image.Image]) -> Path:
    size = f"{SIDE}x{SIDE}"
    raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", size, "-r", "8", "-i", "-"]
    film = ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-crf", "10", str(path)]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *raw, *film]
    subprocess.run(command, input=b"".join(frame.tobytes() for frame in frames), check=True)
    return path


def test_a_clip_that_moves_starts_with_its_picture(tmp_path: Path) -> None:
    data, image = picture()
    frames = [image.rotate(0, translate=(4 * n, 0)) for n in range(FRAMES)]
    seen = measure(write(tmp_path / "clip.mp4", frames), data)
    assert (seen.codec, seen.pixel_format, seen.width, seen.height) == (
        "h264",
        "yuv420p",
        SIDE,
        SIDE,
    )
    assert (seen.frames, seen.seconds) == (FRAMES, 1.0)
    assert seen.psnr > 30
    assert seen.motion_difference > 3 * seen.opening_difference
    assert "8 frames of 64x64, 1.0 s, h264 yuv420p" in str(seen)


def test_credentials_are_read() -> None:
    bare = encode(scene(2, 64, 64), 8, 10**6, {}).data
    assert credentials_in(bare) == "none"
    signed = signer().sign(bare, REQUEST, b"")
    assert credentials_in(signed) == "valid, signed by Mutoscope"
    broken = signed[:-1] + bytes([signed[-1] ^ 1])
    assert credentials_in(broken).startswith("invalid, signed by Mutoscope: assertion.bmffHash")


def test_another_picture_and_a_still_clip_are_recognised(tmp_path: Path) -> None:
    data, image = picture()
    inverse = image.point(lambda value: 255 - value)
    seen = measure(write(tmp_path / "clip.mp4", [inverse] * FRAMES), data)
    assert seen.psnr < 10
    assert seen.motion_difference < seen.opening_difference


def test_a_file_that_is_no_video_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"no video")
    with pytest.raises(ValueError, match="is no video"):
        measure(path, picture()[0])
