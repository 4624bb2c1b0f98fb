"""Facts of a clip's file, measured without trusting the code that made it."""

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
from storage.credentials.reading import read_credentials

Frames = NDArray[np.uint8]  # (frames, height, width, 3)


@dataclass(frozen=True, slots=True)
class ClipFacts:
    """One clip, compared with the picture that it was made of.

    psnr is of the first frame against the fitted picture, in dB. The differences are means of
    absolute values (0..255): fitted picture to first frame, and first frame to last. credentials
    says whether its content credentials are valid.
    """

    codec: str
    pixel_format: str
    width: int
    height: int
    frames: int
    seconds: float
    psnr: float
    opening_difference: float
    motion_difference: float
    credentials: str

    def __str__(self) -> str:
        """Return all facts as one line."""
        ratio = self.motion_difference / max(self.opening_difference, 1e-9)
        return (
            f"{self.frames} frames of {self.width}x{self.height}, {self.seconds:.1f} s,"
            f" {self.codec} {self.pixel_format};"
            f" the first frame is {self.psnr:.1f} dB from the picture;"
            f" first to last frame differ by {self.motion_difference:.1f} of 255"
            f" ({ratio:.1f} times the opening's difference)"
        )


def measure(clip: Path, picture: bytes) -> ClipFacts:
    """Decode the clip and compare it with its picture; raise ValueError if it is no video."""
    codec, pixel_format, width, height, fps = _header(clip)
    frames = _decode(clip, width, height)
    fitted = fit(picture, width, height).fitted
    error = float(np.mean((frames[0].astype(float) - fitted) ** 2))
    return ClipFacts(
        codec=codec,
        pixel_format=pixel_format,
        width=width,
        height=height,
        frames=len(frames),
        seconds=len(frames) / fps,
        psnr=10 * math.log10(255**2 / max(error, 1e-9)),
        opening_difference=_difference(frames[0], fitted),
        motion_difference=_difference(frames[0], frames[-1]),
        credentials=credentials_in(clip.read_bytes()),
    )


def credentials_in(clip: bytes) -> str:
    """Return whether a clip's file has content credentials and they are valid, in words."""
    found = read_credentials(clip)
    if found is None:
        return "none"
    signed = f"signed by {found.issuer}"
    return f"valid, {signed}" if found.valid else f"invalid, {signed}: {', '.join(found.faults)}"


def _difference(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> float:
    return float(np.mean(np.abs(first.astype(float) - second)))


def _decode(clip: Path, width: int, height: int) -> Frames:
    """Return every frame of the file, none duplicated and none dropped."""
    options = ("-v", "error", "-i", str(clip), "-fps_mode", "passthrough")
    raw = _ffmpeg(*options, "-f", "rawvideo", "-pix_fmt", "rgb24", "-").stdout
    return np.frombuffer(raw, np.uint8).reshape(-1, height, width, 3)


def _header(clip: Path) -> tuple[str, str, int, int, float]:
    """Return codec, pixel format, width, height and frames a second, as ffmpeg names them."""
    output = _ffmpeg("-i", str(clip)).stderr.decode(errors="replace")
    pattern = r"Video: (\w+).*?, (\w+)(?:\([^)]*\))?, (\d+)x(\d+).*?([\d.]+) fps"
    found = re.search(pattern, output)
    if not found:
        raise ValueError(f"{clip} is no video: {output[-300:]}")
    return found[1], found[2], int(found[3]), int(found[4]), float(found[5])


def _ffmpeg(*options: str) -> subprocess.CompletedProcess[bytes]:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", *options]
    return subprocess.run(command, capture_output=True, check=False)
