"""Reads the shape of a clip's file: its kind, the size of its frames, their number and rate."""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass

from PIL import Image, ImageSequence

from storage.clip_file import DamagedClip, boxes, check_clip_file
from storage.domain.clip import Container


@dataclass(frozen=True, slots=True)
class ClipFileShape:
    """A file's kind, the size and number of its frames, and how many a second are shown."""

    container: Container
    width: int
    height: int
    frames: int
    fps: int


def read_shape(data: bytes) -> ClipFileShape:
    """Return the shape of a clip's file; raise DamagedClip where it is none."""
    container = container_of(data)
    check_clip_file(data, container)
    try:
        return _video_shape(data) if container is Container.MP4 else _image_shape(data, container)
    except (struct.error, KeyError, OSError, ValueError, ZeroDivisionError) as error:
        raise DamagedClip("its shape cannot be read") from error


def container_of(data: bytes) -> Container:
    """Return the kind of a clip's file by its first bytes; MP4 where they say nothing."""
    if data.startswith(b"GIF8"):
        return Container.GIF
    return Container.WEBP if data[:4] == b"RIFF" and data[8:12] == b"WEBP" else Container.MP4


def _video_shape(data: bytes) -> ClipFileShape:
    """Return the shape of an MP4's first track of pictures."""
    movie = dict(boxes(memoryview(data)))[b"moov"]
    for kind, track in boxes(movie):
        media = dict(boxes(dict(boxes(track))[b"mdia"])) if kind == b"trak" else {}
        if not media or bytes(media[b"hdlr"][8:12]) != b"vide":
            continue
        table = dict(boxes(dict(boxes(media[b"minf"]))[b"stbl"]))
        width, height = struct.unpack_from(">HH", table[b"stsd"], 40)
        wide = media[b"mdhd"][0] == 1  # the version: times of eight bytes
        scale, length = struct.unpack_from(
            ">IQ" if wide else ">II", media[b"mdhd"], 20 if wide else 12
        )
        _, _, frames = struct.unpack_from(">III", table[b"stsz"])
        return ClipFileShape(
            Container.MP4, width, height, frames, max(1, round(frames * scale / length))
        )
    raise DamagedClip("it has no pictures")


def _image_shape(data: bytes, container: Container) -> ClipFileShape:
    with Image.open(io.BytesIO(data)) as image:
        shown = []  # for how long, in milliseconds
        for frame in ImageSequence.Iterator(image):
            frame.load()
            shown.append(frame.info.get("duration") or 100)
        fps = max(1, round(1000 * len(shown) / sum(shown)))
        return ClipFileShape(container, image.width, image.height, len(shown), fps)
