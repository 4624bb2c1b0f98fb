"""Signs claims and writes them into files, with c2pa's library."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import c2pa
from PIL import Image

from gpu_worker.credentials.certificate import SigningCertificate
from gpu_worker.credentials.claim import MIME, NOTHING, Claim
from gpu_worker.credentials.errors import CannotSign
from storage.credentials.settings import SETTINGS
from storage.domain.clip import Container


@dataclass(frozen=True, slots=True)
class Embedding:
    """Signs with the certificate that is the current one at each clip."""

    certificate: Callable[[], SigningCertificate]

    def __call__(self, data: bytes, container: Container, claim: Claim) -> bytes:
        """Return a file with its claim; raise CannotSign. No two calls give the same bytes.

        A parent whose own credentials cannot be read is named by its hash alone.
        """
        try:
            return self._embed(data, container, claim)
        except CannotSign:
            if not claim.source:
                raise
        return self._embed(data, container, claim.by_hash)

    def _embed(self, data: bytes, container: Container, claim: Claim) -> bytes:
        """Sign a file once; the library checks what it has signed."""
        by, target = self.certificate(), io.BytesIO()
        info = c2pa.C2paSignerInfo(by.algorithm, by.chain.encode(), by.key.encode(), None)
        try:
            with (
                c2pa.Signer.from_info(info) as signer,
                c2pa.Builder(json.dumps(claim.definition), _context()) as builder,
            ):
                if claim.source:
                    parent = json.dumps(claim.parent), claim.parent_type
                    builder.add_ingredient(*parent, io.BytesIO(claim.source))
                builder.sign(signer, MIME[container], io.BytesIO(data), target)
        except c2pa.C2paError as error:
            # Where in the file it is has another name each time, and is no other cause.
            reason = re.sub(r"\(self#[^)]*\)", "", str(error))
            raise CannotSign(" ".join(reason.split())) from error
        return target.getvalue()

    def try_out(self) -> None:
        """Raise CannotSign where the certificate is none that C2PA allows."""
        picture = io.BytesIO()
        Image.new("L", (1, 1)).save(picture, "GIF")
        self(picture.getvalue(), Container.GIF, NOTHING)


@cache
def _context() -> c2pa.Context:
    return c2pa.Context.from_dict(SETTINGS)
