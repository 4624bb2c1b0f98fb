"""Clearing: takes out of the store what no job names any more."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from storage.blobs import Blobs
from storage.database.jobs import Jobs
from storage.domain.clip import Clip
from storage.domain.errors import Unavailable

log = logging.getLogger(__name__)


async def clear(jobs: Jobs, blobs: Blobs, job_id: str, left: Iterable[str]) -> None:
    """Delete those blobs of a job that is over which are no other's; an outage leaves them."""
    try:
        for blob in filter(None, left):
            if not await jobs.names(blob, job_id):
                await blobs.delete(blob)
    except Unavailable:
        log.warning("what %s left in the store could not be deleted", job_id)


def made(clip: Clip | None) -> tuple[str, ...]:
    """Return the blobs of a clip."""
    return (clip.blob, clip.poster) if clip else ()
