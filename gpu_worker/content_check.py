"""The content filter, at the limit of one order."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from PIL import Image

from gpu_worker.media.samples import squares_of_preview
from storage.domain.errors import GenerationFailed, Unavailable
from storage.domain.trust.filter_level import CONTENT_REFUSED, passes
from storage.filter.squares import square_of

log = logging.getLogger(__name__)


class ContentScorer(Protocol):
    """What is needed of storage.filter.content_checker.ContentChecker."""

    def start_soon(self) -> None:
        """Get ready beside other work."""

    async def score(self, squares: Sequence[bytes]) -> float:
        """Return the highest score of squares; raise Unavailable."""


@dataclass(frozen=True, slots=True)
class ContentCheck:
    """Refuses what reaches the limit; with a limit of 0.0 nothing is looked at.

    scorer is None where this worker has no filter: then it makes nothing that needs one.
    """

    scorer: ContentScorer | None = None
    limit: float = 0.0

    def prepare(self) -> None:
        """Get ready; raise GenerationFailed where the order needs a filter and there is none."""
        if not self.limit:
            return
        if self.scorer is None:
            raise GenerationFailed("failed_unchecked")
        self.scorer.start_soon()

    async def check(self, squares: Sequence[bytes]) -> float | None:
        """Return the highest score, None where nothing is looked at; raise GenerationFailed."""
        if not self.limit:
            return None
        if self.scorer is None or not squares:
            raise GenerationFailed("failed_unchecked")
        try:
            score = await self.scorer.score(squares)
        except Unavailable as error:
            raise GenerationFailed("failed_unchecked") from error
        if not passes(score, self.limit):
            raise GenerationFailed(CONTENT_REFUSED)
        return score

    async def check_frame(self, frame: Image.Image) -> None:
        """Raise GenerationFailed where one picture is not to be shown, or nobody can tell."""
        await self.check([square_of(frame)] if self.limit else [])

    async def shown(self, preview: bytes | None) -> bytes | None:
        """Return a preview, None where it is not to be shown, or nobody can tell."""
        if preview is None or not self.limit:
            return preview
        try:
            await self.check(await asyncio.to_thread(squares_of_preview, preview))
        except (GenerationFailed, OSError, ValueError) as error:
            log.info("a preview is not shown: %s", error)
            return None
        return preview
