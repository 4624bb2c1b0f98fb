"""Runs imageio-ffmpeg's binary over raw frames, with the same options every time."""

from __future__ import annotations

import contextlib
import re
import subprocess
import tempfile
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import imageio_ffmpeg
import numpy as np

from gpu_worker.media.frames import Frame
from storage.domain.errors import GenerationFailed

_TIMEOUT_SECONDS = 600.0
# One thread and no dates or versions: equal frames give equal bytes on any day.
_SAME_BYTES = ("-threads", "1", "-filter_threads", "1", "-fflags", "+bitexact")


def run(
    frames: Iterable[Frame],
    size: tuple[int, int],
    fps: int,
    *,
    options: Sequence[str],
    suffix: str,
    metadata: Mapping[str, str],
) -> bytes:
    """Return the file that ffmpeg makes of frames of a size (width, height).

    Each frame is handed over as soon as it is there, and none is kept. Raise GenerationFailed if
    ffmpeg fails, and whatever the frames raise.
    """
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error"]
    command += ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{size[0]}x{size[1]}"]
    command += ["-r", str(fps), "-i", "-"]
    try:
        with tempfile.TemporaryDirectory(prefix="mutoscope-") as folder:
            # Files: faststart has to go back to a beginning, and prompts are long and private.
            facts, target = Path(folder) / "facts.txt", Path(folder) / f"clip{suffix}"
            facts.write_bytes(_ffmetadata(metadata))
            command += ["-f", "ffmetadata", "-i", str(facts), "-map_metadata", "1"]
            said = _feed([*command, *options, *_SAME_BYTES, "-y", str(target)], frames)
            if said is None:
                return target.read_bytes()
    except OSError as error:
        raise GenerationFailed("failed_storage") from error
    full = b"No space left" in said
    reason = OSError(said.decode(errors="replace").strip())
    raise GenerationFailed("failed_storage" if full else "failed_encoding") from reason


def _feed(command: Sequence[str], frames: Iterable[Frame]) -> bytes | None:
    """Write frames to a command's input; return None where it succeeds, else what it printed."""
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            start_new_session=True,  # a Ctrl-C at the worker lets the clip be finished
        ) as process,
    ):
        assert process.stdin is not None
        timer = threading.Timer(_TIMEOUT_SECONDS, process.kill)
        timer.start()
        try:
            with contextlib.suppress(BrokenPipeError), process.stdin as pipe:
                for frame in frames:
                    pipe.write(np.ascontiguousarray(frame).data)
            process.wait()
        except BaseException:
            process.kill()
            raise
        finally:
            timer.cancel()
        errors.seek(0)
        return errors.read() if process.returncode else None


def _ffmetadata(metadata: Mapping[str, str]) -> bytes:
    """Return tags in ffmpeg's own text format, without what it cannot hold."""
    lines = [";FFMETADATA1"]
    for name, value in metadata.items():
        lines.append(f"{name}=" + re.sub(r"([=;#\\\n])", r"\\\1", value.replace("\0", "")))
    return ("\n".join(lines) + "\n").encode(errors="replace")
