"""Runs imageio-ffmpeg's binary over raw frames, with the same options every time."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import imageio_ffmpeg
import numpy as np

from gpu_worker.media.frames import Frames
from storage.domain.errors import GenerationFailed

_TIMEOUT_SECONDS = 600.0
# One thread and no dates or versions: equal frames give equal bytes on any day.
_SAME_BYTES = ("-threads", "1", "-filter_threads", "1", "-fflags", "+bitexact")


def run(
    frames: Frames, fps: int, options: Sequence[str], suffix: str, metadata: Mapping[str, str]
) -> bytes:
    """Return the file that ffmpeg makes of the frames; raise GenerationFailed if it cannot."""
    height, width = frames.shape[1:3]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error"]
    command += ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}"]
    command += ["-r", str(fps), "-i", "-"]
    try:
        with tempfile.TemporaryDirectory(prefix="mutoscope-") as folder:
            # Files: faststart has to go back to a beginning, and prompts are long and private.
            facts, target = Path(folder) / "facts.txt", Path(folder) / f"clip{suffix}"
            facts.write_bytes(_ffmetadata(metadata))
            command += ["-f", "ffmetadata", "-i", str(facts), "-map_metadata", "1"]
            done = subprocess.run(
                [*command, *options, *_SAME_BYTES, "-y", str(target)],
                input=np.ascontiguousarray(frames).data,
                capture_output=True,
                timeout=_TIMEOUT_SECONDS,
                start_new_session=True,  # a Ctrl-C at the worker lets the clip be finished
                check=False,
            )
            if done.returncode == 0:
                return target.read_bytes()
    except subprocess.TimeoutExpired as error:
        raise GenerationFailed("failed_encoding") from error
    except OSError as error:
        raise GenerationFailed("failed_storage") from error
    full = b"No space left" in done.stderr
    reason = OSError(done.stderr.decode(errors="replace").strip())
    raise GenerationFailed("failed_storage" if full else "failed_encoding") from reason


def _ffmetadata(metadata: Mapping[str, str]) -> bytes:
    """Return tags in ffmpeg's own text format, without what it cannot hold."""
    lines = [";FFMETADATA1"]
    for name, value in metadata.items():
        lines.append(f"{name}=" + re.sub(r"([=;#\\\n])", r"\\\1", value.replace("\0", "")))
    return ("\n".join(lines) + "\n").encode(errors="replace")
