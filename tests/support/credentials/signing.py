"""Clips with credentials: a signer for tests, and what a file is without them."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Any

from gpu_worker.credentials.certificate import SigningCertificate, make_certificate
from gpu_worker.credentials.claim import ClaimMaker
from gpu_worker.credentials.clip_signer import ClipSigner
from gpu_worker.credentials.embedding import Embedding
from gpu_worker.generate import Generator
from gpu_worker.order_steps import Reporter
from storage.blobs import Blobs
from storage.clip_file import boxes
from storage.credentials.reading import FileCredentials, read_credentials
from storage.domain.clip import Clip, Failure
from storage.domain.models.served_model import ServedModel
from storage.queue.messages.orders import Order

MODEL = ServedModel("fake", "someone/fake@abc", 3)


@cache
def certificate() -> SigningCertificate:
    """Return a certificate that all tests of this process share."""
    return make_certificate(datetime.now(UTC))


def signer(*, with_prompt: bool = False) -> ClipSigner:
    """Return a signer with that certificate, which refuses what it cannot sign."""
    claims = ClaimMaker("1.2.3", MODEL, with_prompt)
    return ClipSigner(Embedding(certificate), claims, required=True)


def valid_credentials(data: bytes) -> FileCredentials:
    """Return a file's credentials, which must be there and valid."""
    found = read_credentials(data)
    assert found is not None, "it carries no credentials"
    assert found.valid, found.faults
    return found


class CheckedGenerator(Generator):
    """A generator whose clips are signed, and must be read back as valid."""

    def __init__(self, *parts: Any, **options: Any) -> None:
        super().__init__(*parts, **{"signer": signer(), **options})

    async def __call__(self, order: Order, reporter: Reporter) -> Clip | Failure:
        outcome = await super().__call__(order, reporter)
        if isinstance(outcome, Clip):
            valid_credentials(await self._blobs.get(outcome.blob))
        return outcome


def unsigned(mp4: bytes) -> bytes:
    """Return the parts of an MP4 that are the same each time it is made."""
    return b"".join(
        kind + bytes(inside) for kind, inside in boxes(memoryview(mp4)) if kind != b"uuid"
    )


async def same_clip(first: Clip, second: Clip, blobs: Blobs) -> bool:
    """Tell whether the files of two clips are the same but for their credentials."""
    one, other = [unsigned(await blobs.get(clip.blob)) for clip in (first, second)]
    return one == other
