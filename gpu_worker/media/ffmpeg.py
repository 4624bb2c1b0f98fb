"""Runs imageio-ffmpeg's binary over raw frames, the same way every time, and reads frames."""

from __future__ import annotations

import contextlib
import re
import subprocess
import tempfile
import threading
from collections.abc import Generator, Iterable, Mapping, Sequence
from pathlib import Path

import imageio_ffmpeg
import numpy as np

from gpu_worker.media.frames import Frame
from storage.domain.errors import GenerationFailed

_TIMEOUT_SECONDS = 600.0
# One thread and no dates or versions: equal frames give equal bytes on any day.
_SAME_BYTES = ("-threads", "1", "-filter_threads", "1", "-fflags", "+bitexact")
_FULL_RANGE = "scale=out_range=full:flags=bicubic+accurate_rnd+full_chroma_int+bitexact"


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


def shape(path: Path) -> tuple[tuple[int, int], int, float]:
    """Return a video's (width, height), its number of frames and how many are shown in a second.

    All frames are decoded for it. Raise GenerationFailed where that is not possible.
    """
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin", "-i", str(path)]
    command += ["-map", "0:v:0", "-fps_mode", "passthrough", *_SAME_BYTES, "-f", "framecrc", "-"]
    done = subprocess.run(command, capture_output=True, check=False, timeout=_TIMEOUT_SECONDS)
    listed = done.stdout.decode(errors="replace")
    size = re.search(r"^#dimensions 0: (\d+)x(\d+)", listed, re.MULTILINE)
    base = re.search(r"^#tb 0: (\d+)/(\d+)", listed, re.MULTILINE)
    durations = [int(one) for one in re.findall(r"^0,[^,]*,[^,]*, *(\d+),", listed, re.MULTILINE)]
    if done.returncode or size is None or base is None or not sum(durations):
        said = done.stderr.decode(errors="replace").strip()
        raise GenerationFailed("failed_source_damaged") from OSError(said)
    seconds = sum(durations) * int(base[1]) / int(base[2])
    return (int(size[1]), int(size[2])), len(durations), len(durations) / seconds


def read(path: Path, size: tuple[int, int]) -> Generator[Frame]:
    """Yield the frames of a video file whose frames have this size (width, height), one at a time.

    Raise GenerationFailed where the file cannot be decoded.
    """
    width, height = size
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin", "-i", str(path)]
    command += ["-map", "0:v:0", "-vf", _FULL_RANGE, "-fps_mode", "passthrough"]
    command += [*_SAME_BYTES, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        ) as process,
    ):
        assert process.stdout is not None
        try:
            while len(data := process.stdout.read(width * height * 3)) == width * height * 3:
                yield np.frombuffer(data, np.uint8).reshape(height, width, 3)
        finally:
            process.kill()  # it has ended already, unless nobody reads on
        errors.seek(0)
        said = errors.read().decode(errors="replace").strip()
        if data or said:
            raise GenerationFailed("failed_source_damaged") from OSError(said)


def _ffmetadata(metadata: Mapping[str, str]) -> bytes:
    """Return tags in ffmpeg's own text format, without what it cannot hold."""
    lines = [";FFMETADATA1"]
    for name, value in metadata.items():
        lines.append(f"{name}=" + re.sub(r"([=;#\\\n])", r"\\\1", value.replace("\0", "")))
    return ("\n".join(lines) + "\n").encode(errors="replace")
