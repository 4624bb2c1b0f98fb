"""Signs the clips of one worker, and knows what becomes of one that cannot be signed."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from gpu_worker.credentials.claim import Claim, ClaimMaker
from gpu_worker.credentials.errors import CannotSign
from storage.domain.clip import Container
from storage.domain.errors import GenerationFailed
from storage.domain.request import GenerationRequest

log = logging.getLogger(__name__)

Embed = Callable[[bytes, Container, Claim], bytes]
"""Writes a claim into a file of a kind and signs it; raises CannotSign."""


@dataclass
class ClipSigner:
    """Writes credentials into clips; of any thread.

    Where required, a clip that cannot be signed is refused. unsigned is how many could not be.
    """

    embed: Embed
    claims: ClaimMaker
    required: bool = False
    unsigned: int = 0
    _told: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def sign(self, data: bytes, request: GenerationRequest, source: bytes) -> bytes:
        """Return a request's clip with its credentials, or as it is where it cannot be signed.

        source is the file of the clip that it was made of, if any. Raise GenerationFailed where
        credentials are required.
        """
        try:
            return self.embed(data, request.container, self.claims.claim(request, source))
        except CannotSign as error:
            self._note(error)
            if self.required:
                raise GenerationFailed("failed_unsigned") from error
            return data

    def _note(self, error: CannotSign) -> None:
        """Count a clip that is not signed, and log each cause once."""
        with self._lock:
            self.unsigned += 1
            known = str(error) in self._told
            self._told.add(str(error))
        if not known:
            log.error("clips carry no credentials: %s", error)
