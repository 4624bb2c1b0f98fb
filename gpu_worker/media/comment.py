"""Puts a clip's parameters into files that ffmpeg writes without them: GIF and WebP."""

from __future__ import annotations

import struct
from xml.sax.saxutils import escape

_XMP_FLAG = 0x04
_FLAGS = 20  # where a WebP's VP8X chunk, its first, has them
_XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:description>'
    '<rdf:Alt><rdf:li xml:lang="x-default">{comment}</rdf:li></rdf:Alt>'
    "</dc:description></rdf:Description></rdf:RDF></x:xmpmeta>"
)


def add_to_gif(data: bytes, comment: str) -> bytes:
    """Return the GIF with a comment block behind its header and global palette."""
    packed = data[10]
    start = 13 + (3 << ((packed & 7) + 1) if packed & 0x80 else 0)
    text = comment.encode(errors="replace")
    pieces = [text[at : at + 255] for at in range(0, len(text), 255)]
    block = b"".join(bytes([len(piece)]) + piece for piece in pieces)
    return data[:start] + (b"\x21\xfe" + block + b"\0" if text else b"") + data[start:]


def add_to_webp(data: bytes, comment: str) -> bytes:
    """Return the animated WebP with an XMP chunk, whose description is the comment, at its end."""
    if not comment:
        return data
    plain = "".join(letter if letter.isprintable() else " " for letter in comment)
    text = _XMP.format(comment=escape(plain)).encode(errors="replace")
    chunk = struct.pack("<4sI", b"XMP ", len(text)) + text + b"\0" * (len(text) % 2)
    size = struct.pack("<I", len(data) - 8 + len(chunk))
    flags = bytes([data[_FLAGS] | _XMP_FLAG])
    return data[:4] + size + data[8:_FLAGS] + flags + data[_FLAGS + 1 :] + chunk
