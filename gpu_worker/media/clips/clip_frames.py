"""Reads the frames of a clip's file, one at a time and as often as needed."""

from __future__ import annotations

import contextlib
import io
import itertools
import tempfile
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageSequence

from gpu_worker.media import ffmpeg
from gpu_worker.media.frames import Frame
from storage.clip_shape import container_of
from storage.domain.clip import Container
from storage.domain.errors import GenerationFailed


@dataclass(frozen=True)
class ClipFrames:
    """The frames of a clip, decoded anew at each reading; none is kept.

    size is their (width, height), fps how many are shown in a second. Reading raises
    GenerationFailed where the file turns out to be damaged.
    """

    path: Path
    container: Container
    size: tuple[int, int]
    count: int
    fps: float

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> Frame:
        """Return one frame; those before it are decoded for it."""
        place = index % self.count if -self.count <= index < self.count else self.count
        with contextlib.closing(self._decode()) as frames:
            for frame in itertools.islice(frames, place, None):
                return frame
        raise IndexError(index)

    def __iter__(self) -> Iterator[Frame]:
        return self._decode()

    def _decode(self) -> Generator[Frame]:
        if self.container is Container.MP4:
            return ffmpeg.read(self.path, self.size)
        return _decode_image(self.path)


@contextlib.contextmanager
def open_clip(data: bytes, container: Container | None = None) -> Iterator[ClipFrames]:
    """Yield the frames of a clip's file, which lie on the disk for so long.

    A container that is not given is told by the file itself. Raise GenerationFailed where the file
    has no frames that can be read.
    """
    container = container or container_of(data)
    with tempfile.TemporaryDirectory(prefix="mutoscope-") as folder:
        path = Path(folder) / f"clip.{container.value}"
        path.write_bytes(data)
        try:
            shape = ffmpeg.shape(path) if container is Container.MP4 else _image_shape(data)
        except (OSError, ValueError, SyntaxError) as error:
            raise GenerationFailed("failed_source_damaged") from error
        yield ClipFrames(path, container, *shape)


def _image_shape(data: bytes) -> tuple[tuple[int, int], int, float]:
    """Return an animated picture's size, number of frames and frames a second."""
    with Image.open(io.BytesIO(data)) as image:
        shown = []  # for how long, in milliseconds
        for frame in ImageSequence.Iterator(image):
            frame.load()
            shown.append(frame.info.get("duration") or 100)
        return image.size, len(shown), 1000.0 * len(shown) / sum(shown)


def _decode_image(path: Path) -> Generator[Frame]:
    try:
        with Image.open(path) as image:
            for frame in ImageSequence.Iterator(image):
                yield np.asarray(frame.convert("RGB"))
    except (OSError, ValueError, SyntaxError) as error:
        raise GenerationFailed("failed_source_damaged") from error
