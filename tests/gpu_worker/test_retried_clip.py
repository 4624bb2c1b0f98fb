"""A clip that is made again after its engine died has the bytes of one that nothing disturbed."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from bot.dispatch.dispatcher import Dispatcher
from bot.studio.events import EventBus, JobChanged
from storage.catalogue_file import load_catalogue
from storage.database.connect import open_database
from storage.database.jobs import Jobs
from storage.domain.job import Job, Status
from storage.domain.prompt.reading import with_reading
from storage.domain.request import GenerationRequest
from tests.support.credentials.signing import same_clip
from tests.support.examples import job
from tests.support.worker_processes import WorkerProcesses, worker_processes


@asynccontextmanager
async def dispatching(workers: WorkerProcesses) -> AsyncIterator[tuple[Jobs, EventBus]]:
    """Let the bot's dispatcher feed the worker_processes's queue from a book of jobs."""
    engine = await open_database(f"sqlite+aiosqlite:///{workers.folder}/jobs.db")
    jobs, events = Jobs(engine, load_catalogue()), EventBus()
    dispatcher = Dispatcher(jobs, workers.blobs, workers.queue, events, reconcile=0.1)
    running = asyncio.create_task(dispatcher.run())
    try:
        yield jobs, events
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await engine.dispose()


async def wanted(workers: WorkerProcesses) -> GenerationRequest:
    """Return a request for a small clip of the embedded model."""
    picture = io.BytesIO()
    Image.linear_gradient("L").convert("RGB").save(picture, "PNG")
    blob = await workers.blobs.put(picture.getvalue())
    request = GenerationRequest(blob, "zoom in", "embedded", 64, 64, 8, 8, 12, 2.0, seed=11)
    return with_reading(request)


@pytest.mark.slow
async def test_a_retry_gives_the_bytes_of_an_undisturbed_clip(
    tmp_path: Path, redis_url: str
) -> None:
    async with (
        worker_processes(tmp_path, redis_url) as workers,
        dispatching(workers) as (jobs, events),
    ):
        marker = tmp_path / "died"
        await workers.worker(
            ENGINE_FACTORY="tests.gpu_worker.dying_engine:create",
            DYING_JOB="second",
            DYING_MARKER=str(marker),
            OMP_NUM_THREADS="1",
        )
        request = await wanted(workers)
        clips: list[Job] = []
        with events.subscribe() as news:
            for name in ("first", "second"):
                await jobs.add(replace(job(name), request=request))
                events.publish(JobChanged(await jobs.get(name)))
                async for item in news:  # an end may be told twice
                    if not isinstance(item, JobChanged) or item.job.id != name:
                        continue
                    if item.job.status.final:
                        clips.append(item.job)
                        break
    assert marker.exists()
    first, second = clips
    assert [one.status for one in clips] == [Status.DONE, Status.DONE]
    assert [(one.attempt, one.deaths) for one in clips] == [(1, 0), (2, 1)]
    assert first.clip is not None
    assert second.clip is not None
    assert await same_clip(first.clip, second.clip, workers.blobs)
