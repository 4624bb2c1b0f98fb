"""Deletes blobs from the store that no job refers to any more."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from storage.blobs import Blobs
from storage.database.jobs import Jobs
from storage.domain.clip import Clip
from storage.domain.errors import Unavailable
from storage.logs import log_job

log = logging.getLogger(__name__)


async def delete_unused(jobs: Jobs, blobs: Blobs, job_id: str, keys: Iterable[str]) -> None:
    """Delete the blobs of an ended job that no other job refers to; an outage leaves them."""
    with log_job(job_id):
        try:
            for key in filter(None, keys):
                await _delete_unused(jobs, blobs, job_id, key)
        except Unavailable:
            log.warning("unused blobs could not be deleted")


async def _delete_unused(jobs: Jobs, blobs: Blobs, job_id: str, key: str) -> None:
    """Delete a blob, and put it back where another bot's order has come to need it meanwhile."""
    if await jobs.search.needs_blob(key, job_id):
        return
    try:
        data = await blobs.get(key)
    except KeyError:  # missing, or damaged
        data = None
    await blobs.delete(key)
    if data is not None and await jobs.search.needs_blob(key, job_id):
        await blobs.put(data)


def blobs_of(clip: Clip | None) -> tuple[str, ...]:
    """Return the blob keys of a clip: its file, its poster, and a picture that was made for it."""
    return (clip.blob, clip.poster, clip.picture) if clip else ()
