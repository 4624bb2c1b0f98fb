"""ffmpeg: runs imageio-ffmpeg's binary over raw frames, the same way every time."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray

from storage.domain.errors import GenerationFailed

Frames = NDArray[np.uint8]  # (frames, height, width, 3), RGB

_PATIENCE_S = 600.0
# One thread and no dates or versions: equal frames give equal bytes on any day.
_MARKS = ("-map_metadata:g", "-1", "-threads", "1", "-filter_threads", "1", "-fflags", "+bitexact")


def run(frames: Frames, fps: int, options: Sequence[str], suffix: str) -> bytes:
    """Return the file that ffmpeg makes of the frames; raise GenerationFailed if it cannot."""
    height, width = frames.shape[1:3]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error"]
    command += ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}"]
    command += ["-r", str(fps), "-i", "-", "-an", *options]
    command += [*_MARKS, "-y"]
    try:
        with tempfile.TemporaryDirectory(prefix="mutoscope-") as folder:
            # A file, as faststart has to go back to its beginning.
            target = Path(folder) / f"clip{suffix}"
            done = subprocess.run(
                [*command, str(target)],
                input=np.ascontiguousarray(frames).data,
                capture_output=True,
                timeout=_PATIENCE_S,
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
