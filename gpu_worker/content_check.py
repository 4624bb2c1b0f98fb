"""The content filter, at the limit of one order."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from PIL import Image

from gpu_worker.media.samples import squares_of_preview
from storage.domain.errors import GenerationFailed, Unavailable
from storage.domain.trust.filter_level import CONTENT_REFUSED, passes
from storage.filter.squares import square_of

log = logging.getLogger(__name__)

ScoreContent: TypeAlias = Callable[[Sequence[bytes]], Awaitable[float]]
"""Returns the highest score of squares; see storage.filter.content_checker."""


@dataclass(frozen=True, slots=True)
class ContentCheck:
    """Refuses what reaches the limit; with a limit of 0.0 nothing is looked at.

    score is None where this worker has no filter: then it makes nothing that needs one.
    """

    score: ScoreContent | None = None
    limit: float = 0.0

    def check_able(self) -> None:
        """Raise GenerationFailed where the order needs a filter and there is none."""
        if self.limit and self.score is None:
            raise GenerationFailed("failed_unchecked")

    async def check(self, squares: Sequence[bytes]) -> float | None:
        """Return the highest score, None where nothing is looked at; raise GenerationFailed."""
        self.check_able()
        if not self.limit or self.score is None:
            return None
        if not squares:
            raise GenerationFailed("failed_unchecked")
        try:
            score = await self.score(squares)
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
