"""Encodes frames as an H.264 MP4, a GIF or an animated WebP under a size limit."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image

from gpu_worker.media import comment, ffmpeg
from gpu_worker.media.frames import Frame, FrameSource
from storage.domain.clip import Container
from storage.domain.errors import GenerationFailed

BEST, WORST = 10, 34
"""The range of x264's quality factor: from visually lossless to still worth watching."""
FINE = 2
"""x264's quality factor for frames that are encoded once more."""
SMALLEST_SIDE = 64
SHRINK = 0.75

_COLOURS = "scale=in_range=full:out_range=tv:out_color_matrix=bt709"
_EXACT = "flags=area+accurate_rnd+full_chroma_int+full_chroma_inp+bitexact"
_TAGS = "setparams=range=tv:colorspace=bt709:color_primaries=bt709:color_trc=bt709"
_PALETTE = (
    "split[a][b];[a]palettegen=max_colors={colours}:stats_mode=diff[p];"
    "[b][p]paletteuse=dither=bayer:bayer_scale={grain}"
)


class TooLarge(GenerationFailed):
    """Even the smallest version of the clip exceeds what may be sent."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """A clip's file and what it took to get it under the limit.

    quality is x264's factor (lower is better); width and height are those of the file; shrunk
    says that they are less than the frames'.
    """

    data: bytes
    width: int
    height: int
    quality: int
    shrunk: bool


def encode(
    frames: FrameSource,
    fps: int,
    size_limit: int,
    metadata: Mapping[str, str],
    container: Container = Container.MP4,
    *,
    sign: Callable[[bytes], bytes] = lambda data: data,
) -> Encoded:
    """Return the best file of at most size_limit bytes, lowering first quality, then size.

    sign is the last that is done to a file; what it adds counts. But for that, equal input gives
    equal bytes. Raise TooLarge if no quality and size will do, GenerationFailed if ffmpeg fails.
    """
    add_comment = _ADD_COMMENT.get(container)
    tags = metadata if add_comment is None else {}
    height, width = frames[0].shape[:2]
    quality, scale = BEST, 1.0
    while True:
        size = _size(width, height, scale)
        sized = (_sized(frame, size) for frame in frames)
        options, suffix = _OPTIONS[container](quality), f".{container.value}"
        data = ffmpeg.run(sized, size, fps, options=options, suffix=suffix, metadata=tags)
        if add_comment is not None:
            data = add_comment(data, metadata.get("comment", ""))
        if len(data) <= size_limit:
            data = sign(data)
        if len(data) <= size_limit:
            return Encoded(data, *size, quality, scale < 1)
        if quality < WORST:
            # Six steps halve the file, more or less; one more so that few rounds are needed.
            quality = min(
                WORST, quality + 1 + math.ceil(6 * math.log2(len(data) / max(size_limit, 1)))
            )
        else:
            scale *= SHRINK
            if min(width, height) * scale < SMALLEST_SIDE:
                raise TooLarge("failed_too_large", bytes=len(data), limit=size_limit)


def encode_finely(frames: FrameSource, fps: int) -> bytes:
    """Return an MP4 of frames that are to be read again, almost as they are and without a limit."""
    height, width = frames[0].shape[:2]
    options = ["-vf", f"{_COLOURS}:{_EXACT},format=yuv444p,{_TAGS}"]
    options += ["-c:v", "libx264", "-preset", "veryfast", "-crf", str(FINE)]
    options += ["-flags:v", "+bitexact"]
    return ffmpeg.run(frames, (width, height), fps, options=options, suffix=".mp4", metadata={})


def poster(frame: Frame) -> bytes:
    """Return one frame, (height, width, 3), as a PNG."""
    target = io.BytesIO()
    Image.fromarray(frame).save(target, "PNG", optimize=True)
    return target.getvalue()


def _size(width: int, height: int, scale: float) -> tuple[int, int]:
    """Return a size at a scale, with even sides, as yuv420p needs them."""
    if scale < 1:
        return 2 * round(width * scale / 2), 2 * round(height * scale / 2)
    return width + width % 2, height + height % 2


def _sized(frame: Frame, size: tuple[int, int]) -> Frame:
    """Return a frame at a size: shrunk, or with its last row or column once more."""
    height, width = frame.shape[:2]
    if (width, height) == size:
        return frame
    if width >= size[0] and height >= size[1]:
        return np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), np.uint8)
    return np.pad(frame, ((0, size[1] - height), (0, size[0] - width), (0, 0)), mode="edge")


def _mp4(quality: int) -> list[str]:
    """Return ffmpeg's options for an MP4."""
    options = ["-vf", f"{_COLOURS}:{_EXACT},format=yuv420p,{_TAGS}"]
    options += ["-c:v", "libx264", "-preset", "medium", "-crf", str(quality)]
    return [*options, "-profile:v", "high", "-flags:v", "+bitexact", "-movflags", "+faststart"]


def _gif(quality: int) -> list[str]:
    """Return those for an endless GIF; every six of x264's quality factor halve the colours."""
    halvings = min(3, max(0, quality - 10) // 6)
    palette = _PALETTE.format(colours=256 >> halvings, grain=min(5, 3 + halvings))
    return ["-lavfi", palette, "-loop", "0"]


def _webp(quality: int) -> list[str]:
    """Return those for an endless WebP, whose quality falls from 95 as x264's factor grows."""
    share = (quality - BEST) / (WORST - BEST)
    options = ["-c:v", "libwebp_anim", "-pix_fmt", "bgra", "-loop", "0", "-compression_level", "4"]
    return [*options, "-quality", f"{95 - 85 * share:.0f}"]


_OPTIONS = {Container.MP4: _mp4, Container.GIF: _gif, Container.WEBP: _webp}
_ADD_COMMENT = {Container.GIF: comment.add_to_gif, Container.WEBP: comment.add_to_webp}
"""What puts the metadata's `comment` into a file whose format has no other tags."""
