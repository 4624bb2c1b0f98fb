"""The bot's real backend (database, blobs, queue, studio) with a scripted worker."""

from __future__ import annotations

import asyncio
import contextlib
import io
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import discord
from PIL import Image

from bot.dispatch.dispatcher import Dispatcher
from bot.dispatch.scaling import Scaling
from bot.studio.content.content_rules import ContentRules
from bot.studio.events import EventBus
from bot.studio.option_table import OPTIONS, Option
from bot.studio.orders.admission import Admission
from bot.studio.orders.order_draft import Requester
from bot.studio.studio import Studio
from storage.blobs import Blobs
from storage.database.connect import open_database
from storage.database.jobs import Jobs
from storage.domain.camera.motion import Motion, Reading
from storage.domain.catalogue import Catalogue, QuotaRow
from storage.domain.clip import Candidate, Clip, Container, Failure
from storage.domain.drafts import candidates as drafts
from storage.domain.job import ReplyTarget
from storage.domain.progress import Progress, Stage
from storage.domain.request import GenerationRequest
from storage.prices_file import load_prices
from storage.queue.client import Queue
from storage.queue.consumer import serve
from storage.queue.messages.orders import Order
from storage.queue.reporter import ProgressReporter
from storage.settings import Settings
from tests.support.clip_files import box, small_gif, small_webp
from tests.support.pictures.shared_processes import SharedPictureProcesses
from tests.support.stores.sqlite_file import create_file

ROOT = Path(__file__).parents[2]
OWN_CODE = (
    *(str(ROOT / name) for name in ("bot", "storage", "gpu_worker", "deploy", "tests")),
    str(Path(discord.__file__).parent),
)


def png(size: tuple[int, int] = (320, 240), colour: str = "teal") -> bytes:
    """Return a PNG of one colour."""
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, "PNG")
    return buffer.getvalue()


async def until(condition: Callable[[], bool | Awaitable[bool]], seconds: float = 60.0) -> None:
    """Poll until the condition holds; fail after so many seconds."""
    deadline = time.monotonic() + seconds
    while True:
        held = condition()
        if await held if isinstance(held, Awaitable) else held:
            return
        assert time.monotonic() < deadline, "the condition did not hold in time"
        await asyncio.sleep(0.02)


@dataclass
class ScriptedWorker:
    """A worker's handler that returns the same MP4 for every order; a test may pause it midway.

    score is what its content filter finds in each clip that it is to look at. The first clips are
    what `claims` make of them.
    """

    blobs: Blobs
    mp4: bytes
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    orders: list[Order] = field(default_factory=list)
    reports: list[ProgressReporter] = field(default_factory=list)
    failure: Failure | None = None
    preview: bytes | None = None
    score: float | None = 0.0
    claims: list[Callable[[Clip], Awaitable[Clip]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.gate.set()

    async def __call__(self, order: Order, reporter: ProgressReporter) -> Clip | Failure:
        self.orders.append(order)
        self.reports.append(reporter)
        request = order.request
        half = request.steps // 2
        progress = Progress(Stage.DENOISING, half, request.steps, eta=3.0)
        await reporter.progress(progress, self.preview)
        await _either(self.gate, reporter.cancelled)
        if reporter.cancelled.is_set():
            return Failure("failed_cancelled", cancelled=True)
        if self.failure is not None:
            return self.failure
        clip = await self.store_clip(request)
        return await self.claims.pop(0)(clip) if self.claims else clip

    async def store_clip(self, request: GenerationRequest) -> Clip:
        """Return the clip of a request, whose file is in the blob store."""
        blob = await self.blobs.put(clip_file(self.mp4, request.seed, request.container))
        width, height = request.size
        return Clip(
            blob=blob,
            poster="",
            container=request.container,
            width=width,
            height=height,
            frames=request.frames,
            fps=request.fps,
            seed=request.seed,
            motion=request.reading.motion if request.reading else Motion.DRIFT,
            bytes=await self.blobs.size(blob),
            seconds=1.5,
            candidates=candidates(request) if request.drafts else (),
            picture=await self._drawn(request),
            content_score=self.score if request.content_limit else None,
        )

    async def _drawn(self, request: GenerationRequest) -> str:
        """Return the key of the picture that a request without one has made; it has its seed."""
        if request.text_to_image is None:
            return ""
        return await self.blobs.put(drawn(request.seed))


def drawn(seed: int) -> bytes:
    """Return the picture that is made with a seed."""
    return png((64, 64), f"#{seed % 2**24:06x}")


def candidates(request: GenerationRequest) -> tuple[Candidate, ...]:
    """Return the drafts of a request; the judge's pick is the first."""
    cameras = drafts.cameras(request, wide=False, high=False)
    shown = request.reading or Reading(Motion.DRIFT)
    return tuple(
        Candidate(
            seed, camera, shown.motion if camera.motion is Motion.AUTO else camera.motion, -seed
        )
        for seed, camera in zip(drafts.seeds(request), cameras, strict=True)
    )


def clip_file(mp4: bytes, seed: int, container: Container = Container.MP4) -> bytes:
    """Return the MP4 with a box of free space that holds the seed, or a GIF or WebP with it."""
    text = str(seed).encode()
    if container is Container.GIF:
        return small_gif(comment=text)
    if container is Container.WEBP:
        return small_webp(comment=text)
    return mp4 + box(b"free", text)


async def _either(*events: asyncio.Event) -> None:
    waits = [asyncio.create_task(event.wait()) for event in events]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()


@dataclass
class Backend:
    """Everything behind the front end."""

    settings: Settings
    catalogue: Catalogue
    jobs: Jobs
    blobs: Blobs
    queue: Queue
    events: EventBus
    studio: Studio
    worker: ScriptedWorker
    jobs_with_quota: Callable[[QuotaRow], Jobs]

    def dispatcher(self) -> Dispatcher:
        """Return a dispatcher that does not run."""
        return Dispatcher(self.jobs, self.blobs, self.queue, self.events, reconcile=0.3)

    def scaling(self, offer: str = "", clock: Callable[[], float] = time.time) -> Scaling:
        """Return what decides how many workers should run, billed by an offer of our list."""
        return Scaling(
            *(self.jobs, self.queue),
            prices=load_prices(),
            offer=offer,
            wait_limit=120.0,
            clock=clock,
        )

    async def all_jobs_ended(self) -> bool:
        """Tell whether no job is unfinished."""
        return not await self.jobs.pending.all()

    async def all_jobs_delivered(self) -> bool:
        """Tell whether no job is unfinished or undelivered."""
        return not await self.jobs.pending.all() and not await self.jobs.search.undelivered()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run a dispatcher and a worker inside this block."""
        async with self.running_dispatcher(), self.running_worker(self.settings.model):
            yield

    @contextlib.asynccontextmanager
    async def running_worker(self, model: str = "embedded") -> AsyncIterator[None]:
        """Run a worker for a model inside this block."""
        stop, settings = asyncio.Event(), self.settings.model_copy(update={"model": model})
        worker = asyncio.create_task(serve(self.worker, settings, f"worker {model}", stop))
        try:
            yield
        finally:
            self.worker.gate.set()
            stop.set()
            await worker

    @contextlib.asynccontextmanager
    async def running_dispatcher(self) -> AsyncIterator[None]:
        """Run a dispatcher inside this block."""
        task = asyncio.create_task(self.dispatcher().run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def requester(owner: str = "1", size_limit: int = 10 * 2**20, locale: str = "en") -> Requester:
    """Return a requester of no front end."""
    return Requester(owner, locale, ReplyTarget(front="test"), size_limit)


@contextlib.asynccontextmanager
async def open_backend(
    folder: Path,
    redis_url: str,
    mp4: bytes,
    quota: QuotaRow | None = None,
    table: tuple[Option, ...] = OPTIONS,
    *,
    database_url: str = "",
    model: str = "embedded",
    models: str = "",
    models_on_demand: str = "",
    generation_file: Path | None = None,
    picture_model: str = "",
    rules: ContentRules | None = None,
) -> AsyncIterator[Backend]:
    """Open database, blobs and queue in a folder; the database may be another one.

    model, models, models_on_demand, generation_file and picture_model are the settings of these
    names; rules those of content.
    """
    settings = Settings(
        mutoscope_home=folder,
        redis_url=redis_url,
        model=model,
        models=models,
        models_on_demand=models_on_demand,
        generation_file=generation_file,
        picture_model=picture_model,
    )
    if database_url:
        settings = settings.model_copy(update={"database_url": database_url})
    else:
        create_file(folder / "mutoscope.db")
    catalogue, profiles = settings.offered()
    if quota is not None:
        catalogue = replace(catalogue, quota=quota)
    engine = await open_database(settings.database_url)
    queue = await Queue.connect(redis_url)

    def jobs_with_quota(quota: QuotaRow) -> Jobs:
        return Jobs(engine, replace(catalogue, quota=quota))

    jobs = jobs_with_quota(catalogue.quota)
    blobs = Blobs.open(settings.blob_url)
    events = EventBus()
    hardware, pictures = settings.hardware(catalogue), settings.text_to_image()
    admission = Admission(catalogue, hardware, table, profiles, pictures)
    decoders = SharedPictureProcesses()
    studio = Studio(jobs, blobs, queue, admission, events, decoders=decoders, content=rules)
    worker = ScriptedWorker(blobs, mp4)
    before = asyncio.all_tasks()
    try:
        yield Backend(
            settings, catalogue, jobs, blobs, queue, events, studio, worker, jobs_with_quota
        )
    finally:
        await cancel_tasks_since(before)
        decoders.close()
        await queue.close()
        await engine.dispose()


async def cancel_tasks_since(before: set[asyncio.Task[Any]]) -> None:
    """Cancel what the code under test has begun since and not ended, such as answers of discord.py.

    It would find the database closed, in the moment of another test, which would then fail for it.
    """
    left = asyncio.all_tasks() - before - {asyncio.current_task()}
    own = [task for task in left if _is_own(task)]
    for task in own:
        task.cancel()
    await asyncio.gather(*own, return_exceptions=True)


def _is_own(task: asyncio.Task[Any]) -> bool:
    """Tell whether a task is not one of pytest's or a browser's."""
    code = getattr(task.get_coro(), "cr_code", None)
    return code is not None and code.co_filename.startswith(OWN_CODE)
