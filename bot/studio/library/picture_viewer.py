"""Uploads, jobs' pictures and clips as small pictures (WebP), and what is known of an upload."""

from __future__ import annotations

import asyncio
import io

from PIL import Image

from storage.blobs import Blobs
from storage.domain.errors import BadPicture
from storage.domain.job import Job
from storage.domain.picture import PictureFacts
from storage.pictures.processes import PictureProcesses

QUALITY = 80


class PictureViewer:
    """Looks at pictures, which are decoded in processes of their own."""

    def __init__(self, blobs: Blobs, decoders: PictureProcesses) -> None:
        self._blobs = blobs
        self._decoders = decoders

    async def facts(self, data: bytes) -> PictureFacts:
        """Return what is known of an upload; raise BadPicture."""
        return await self._decoders.inspect(data)

    async def of_upload(self, data: bytes, side: int) -> bytes:
        """Return an upload within a square of this side (pixels); raise BadPicture."""
        image = await self._decoders.open(data, (side, side))
        return await asyncio.to_thread(_encoded, image, side)

    async def of_picture(self, job: Job, side: int) -> bytes | None:
        """Return the picture of a job; None where there is none (any more)."""
        return await self._of_blob(job.request.picture, side)

    async def of_end_picture(self, job: Job, side: int) -> bytes | None:
        """Return the picture that a job's clip ends with; None where there is none (any more)."""
        return await self._of_blob(job.request.end_picture, side)

    async def of_clip(self, job: Job, side: int) -> bytes | None:
        """Return the first frame of a job's clip; None where there is none (any more)."""
        return await self._of_blob("" if job.clip is None else job.clip.poster, side)

    async def _of_blob(self, key: str, side: int) -> bytes | None:
        try:
            return await self.of_upload(await self._blobs.get(key), side) if key else None
        except (KeyError, BadPicture):
            return None


def _encoded(image: Image.Image, side: int) -> bytes:
    image.thumbnail((side, side))
    file = io.BytesIO()
    image.save(file, "WEBP", quality=QUALITY)
    return file.getvalue()
