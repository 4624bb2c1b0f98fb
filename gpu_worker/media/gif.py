"""GIF: the clip for places that play no video."""

from __future__ import annotations

from collections.abc import Mapping

from gpu_worker.engine.api import Frames
from gpu_worker.media import ffmpeg

_PALETTE = (
    "split[a][b];[a]palettegen=max_colors={colours}:stats_mode=diff[p];"
    "[b][p]paletteuse=dither=bayer:bayer_scale={grain}"
)


def write(frames: Frames, fps: int, quality: int, metadata: Mapping[str, str]) -> bytes:
    """Return an endless GIF; quality is x264's factor, of which every six halve the colours.

    The metadata's `comment` goes into the file's comment block.
    """
    halvings = min(3, max(0, quality - 10) // 6)
    palette = _PALETTE.format(colours=256 >> halvings, grain=min(5, 3 + halvings))
    data = ffmpeg.run(frames, fps, ["-lavfi", palette, "-loop", "0"], ".gif", {})
    return _with_comment(data, metadata.get("comment", ""))


def _with_comment(data: bytes, comment: str) -> bytes:
    """Return the GIF with a comment block behind its header and global palette."""
    packed = data[10]
    start = 13 + (3 << ((packed & 7) + 1) if packed & 0x80 else 0)
    text = comment.encode(errors="replace")
    pieces = [text[at : at + 255] for at in range(0, len(text), 255)]
    block = b"".join(bytes([len(piece)]) + piece for piece in pieces)
    return data[:start] + (b"\x21\xfe" + block + b"\0" if text else b"") + data[start:]
