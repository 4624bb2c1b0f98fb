"""Files from people: pictures, clips that are dropped in again, styles."""

from __future__ import annotations

import html
import io
import json
import random
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from bot.studio.library.reuse import read_settings
from storage.clip_file import DamagedClip, check_clip_file
from storage.codec import encode
from storage.credentials.reading import UnreadableCredentials, read_credentials
from storage.domain.clip import Container
from storage.domain.errors import BadPicture, BadRequest, BadStyle
from storage.pictures.processes import PictureProcesses
from storage.styles.adapter_file import read_layout
from tests.fuzz.campaign import Attempt
from tests.fuzz.mutation import changed_bytes, changed_json
from tests.support.catalogue.admission import ADMISSION
from tests.support.clip_files import box, small_gif, small_webp, smallest_mp4
from tests.support.credentials.signing import signer
from tests.support.examples import REQUEST
from tests.support.pictures.files import chunk, gradient, noise, png, saved

FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "HEIF", "TIFF", "BMP")


def pictures() -> list[bytes]:
    """Return whole pictures of every format that is taken."""
    plain = [saved(image, form) for form in FORMATS for image in (noise(48, 32), gradient(64, 48))]
    turned = saved(gradient(), "JPEG", progressive=True, exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0")
    frames = [noise(32, 32), gradient(32, 32)]
    moving = saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
    return [*plain, turned, moving, png(9000, 9000, chunk(b"IDAT", b"x"), chunk(b"IEND", b""))]


@asynccontextmanager
async def uploads() -> AsyncIterator[Attempt]:
    """Read the header of a changed picture, and decode it."""
    corpus, decoders = pictures(), PictureProcesses()

    async def attempt(rng: random.Random) -> bool:
        data = changed_bytes(rng, rng.choice(corpus))
        try:
            await decoders.size(data)
            await decoders.inspect(data)
        except BadPicture:
            return False
        return True

    try:
        yield attempt
    finally:
        decoders.close()


def clip_with(comment: bytes, container: Container) -> bytes:
    """Return a whole clip with a comment."""
    if container is Container.GIF:
        return small_gif(comment=comment)
    if container is Container.WEBP:
        text = html.escape(comment.decode(errors="replace"))
        packet = f"<dc:description><rdf:Alt><rdf:li>{text}</rdf:li></rdf:Alt></dc:description>"
        return small_webp(comment=packet.encode())
    inside = box(b"data", struct.pack(">II", 1, 0) + comment)
    for name in (b"\xa9cmt", b"ilst"):
        inside = box(name, inside)
    user = box(b"udta", box(b"meta", b"\0\0\0\0" + inside))
    whole = smallest_mp4()
    at = whole.index(b"moov") - 4
    [size] = struct.unpack_from(">I", whole, at)
    moov = box(b"moov", whole[at + 8 : at + size] + user)
    return whole[:at] + moov + whole[at + size :]


@asynccontextmanager
async def clips() -> AsyncIterator[Attempt]:
    """Tell whether a changed clip is whole, and read the settings in it."""
    comment = json.dumps({"mutoscope": encode(REQUEST)})

    async def attempt(rng: random.Random) -> bool:
        container = rng.choice(list(Container))
        inside = comment if rng.random() < 0.2 else changed_json(rng, comment)
        data = clip_with(inside.encode(errors="replace")[:20_000], container)
        if rng.random() < 0.5:
            data = changed_bytes(rng, data)
        try:
            check_clip_file(data, container)
            read_settings(data, ADMISSION)
        except (DamagedClip, BadRequest):
            return False
        return True

    yield attempt


@asynccontextmanager
async def credentials() -> AsyncIterator[Attempt]:
    """Read the credentials of a changed clip, and sign a clip that was made of it."""
    makers = {Container.GIF: small_gif, Container.WEBP: small_webp}
    bare, write = small_gif(), signer()
    signed = [
        write.sign(make(), replace(REQUEST, container=container), b"")
        for container, make in makers.items()
    ]
    asked = replace(REQUEST, source="b" * 64, container=Container.GIF)

    async def attempt(rng: random.Random) -> bool:
        data = changed_bytes(rng, rng.choice(signed))
        write.sign(bare, asked, data)
        try:
            return read_credentials(data) is not None
        except UnreadableCredentials:
            return False

    yield attempt


@asynccontextmanager
async def styles() -> AsyncIterator[Attempt]:
    """Read the layout of a changed adapter."""
    layer = "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q.lora_{}.weight"
    header = {
        layer.format("A"): {"dtype": "F32", "shape": [2, 8], "data_offsets": [0, 64]},
        layer.format("B"): {"dtype": "F32", "shape": [8, 2], "data_offsets": [64, 128]},
    }

    async def attempt(rng: random.Random) -> bool:
        known = json.dumps(header)
        text = (known if rng.random() < 0.1 else changed_json(rng, known)).encode(errors="replace")
        data = struct.pack("<Q", len(text)) + text + bytes(128)
        if rng.random() < 0.3:
            data = changed_bytes(rng, data)
        try:
            read_layout(io.BytesIO(data))
        except BadStyle:
            return False
        return True

    yield attempt
