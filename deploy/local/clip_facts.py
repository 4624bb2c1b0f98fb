"""What can be measured of a clip's file without asking whoever made it."""

from __future__ import annotations

import math
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray

from gpu_worker.media.picture import fit

Frames = NDArray[np.uint8]  # (frames, height, width, 3)


@dataclass(frozen=True, slots=True)
class Measured:
    """The facts of one clip against the picture that it was made of.

    psnr compares the first frame with the fitted picture, in dB. opening and movement are mean
    absolute differences (0..255): fitted picture to first frame, first frame to last.
    """

    codec: str
    pixels: str
    width: int
    height: int
    frames: int
    seconds: float
    psnr: float
    opening: float
    movement: float

    def __str__(self) -> str:
        """Say all of it in one line."""
        return (
            f"{self.frames} frames of {self.width}x{self.height}, {self.seconds:.1f} s,"
            f" {self.codec} {self.pixels}; the first frame is {self.psnr:.1f} dB from the picture;"
            f" first to last frame differ by {self.movement:.1f} of 255"
            f" ({self.movement / max(self.opening, 1e-9):.1f} times the opening's difference)"
        )


def measure(clip: Path, picture: bytes) -> Measured:
    """Decode the clip and compare it with its picture; raise ValueError where it is no video."""
    codec, pixels, width, height, fps = _header(clip)
    frames = _read(clip, width, height)
    opening = fit(picture, width, height).fitted
    error = float(np.mean((frames[0].astype(float) - opening) ** 2))
    return Measured(
        codec=codec,
        pixels=pixels,
        width=width,
        height=height,
        frames=len(frames),
        seconds=len(frames) / fps,
        psnr=10 * math.log10(255**2 / max(error, 1e-9)),
        opening=_difference(frames[0], opening),
        movement=_difference(frames[0], frames[-1]),
    )


def _difference(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> float:
    return float(np.mean(np.abs(first.astype(float) - second)))


def _read(clip: Path, width: int, height: int) -> Frames:
    """Return every frame that the file holds, none made up and none dropped."""
    words = ("-v", "error", "-i", str(clip), "-fps_mode", "passthrough")
    raw = _ffmpeg(*words, "-f", "rawvideo", "-pix_fmt", "rgb24", "-").stdout
    return np.frombuffer(raw, np.uint8).reshape(-1, height, width, 3)


def _header(clip: Path) -> tuple[str, str, int, int, float]:
    """Return codec, pixel format, width, height and frames a second, as ffmpeg names them."""
    told = _ffmpeg("-i", str(clip)).stderr.decode(errors="replace")
    pattern = r"Video: (\w+).*?, (\w+)(?:\([^)]*\))?, (\d+)x(\d+).*?([\d.]+) fps"
    found = re.search(pattern, told)
    if not found:
        raise ValueError(f"{clip} is no video: {told[-300:]}")
    return found[1], found[2], int(found[3]), int(found[4]), float(found[5])


def _ffmpeg(*words: str) -> subprocess.CompletedProcess[bytes]:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", *words]
    return subprocess.run(command, capture_output=True, check=False)
