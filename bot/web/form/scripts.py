"""What scripts may call by Gradio's client; docs/web.md has an example."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from bot.studio.events import HeldJobsChanged, JobProgressed, Subscription
from bot.studio.option_table import STORY
from bot.studio.options import Options
from bot.web.files.pictures import MAX_BYTES
from bot.web.form.choice import PictureChoice
from bot.web.form.context import PageContext
from bot.web.form.ordering import Ordering
from bot.web.orders.card_html import CardHtml, file_name
from bot.web.orders.live_orders import LiveOrder
from storage.domain.errors import BadPicture, BadRequest, MutoscopeError
from storage.domain.job import Job

LOOK_SECONDS = 1.0
"""How often the database is read: another process may see the end of an order first."""


@dataclass(frozen=True, slots=True)
class Scripts:
    """The interface for scripts: order, follow, fetch, cancel."""

    context: PageContext

    def add(self) -> None:
        """Add the functions to the page at hand; nothing of them is seen there."""
        picture = gr.File(visible=False, label="picture")
        prompt = gr.Textbox(visible=False, label="prompt")
        options = gr.JSON({}, visible=False, label="options")
        job, status = gr.Textbox(visible=False, label="job"), gr.JSON(visible=False, label="status")
        clip = gr.File(visible=False, label="clip")
        order = [picture, prompt, options]
        functions: list[tuple[Any, list[Any], list[Any], str]] = [
            (self.animate, order, [status, clip], "animate"),
            (self.order, order, [job], "order"),
            (self.status, [job], [status], "status"),
            (self.clip, [job], [clip], "clip"),
            (self.cancel, [job], [status], "cancel"),
        ]
        for function, inputs, outputs, name in functions:
            gr.Button(visible=False).click(
                function,
                inputs,
                outputs,
                api_name=name,
                concurrency_limit=None,
            )

    async def animate(
        self, request: gr.Request, picture: str | None, prompt: str, options: Any
    ) -> AsyncIterator[tuple[dict[str, Any], Any]]:
        """Order a clip of a picture, follow it, and return its file at the end."""
        with self._told(), self.context.studio.subscribe() as events:
            job = await self._place(request, picture, prompt, options)
            while not job.status.final:
                yield self._status(job), None
                await self._news(events, job.id)
                job = await self.context.studio.job(job.id)
            yield self._status(job), await self._file(job)

    async def _news(self, events: Subscription, job_id: str) -> None:
        """Wait for an event of this job, or for so long that the database is to be read."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOOK_SECONDS):
                async for event in events:
                    if isinstance(event, HeldJobsChanged):
                        continue
                    if job_id == (event.job if isinstance(event, JobProgressed) else event.job.id):
                        return

    async def order(
        self, request: gr.Request, picture: str | None, prompt: str, options: Any
    ) -> str:
        """Order a clip of a picture; return the id of its job."""
        with self._told():
            return (await self._place(request, picture, prompt, options)).id

    async def status(self, request: gr.Request, job: str) -> dict[str, Any]:
        """Return how an order stands."""
        with self._told():
            return self._status(await self.context.ordering(request).own(job))

    async def clip(self, request: gr.Request, job: str) -> Any:
        """Return the file of a finished clip."""
        with self._told():
            found = await self._file(await self.context.ordering(request).own(job))
            if found is None:
                raise BadRequest("page_no_clip_yet")
            return found

    async def cancel(self, request: gr.Request, job: str) -> dict[str, Any]:
        """Cancel an unfinished order."""
        with self._told():
            ordering = self.context.ordering(request)
            found = await ordering.own(job)
            return self._status(await self.context.studio.cancel(found.id, ordering.owner))

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """Let a refusal end the call with its reason in words."""
        try:
            yield
        except MutoscopeError as error:
            raise gr.Error(self.context.words.error(error)) from error

    async def _place(
        self, request: gr.Request, picture: str | None, prompt: str, options: Any
    ) -> Job:
        ordering, path = self.context.ordering(request), Path(picture) if picture else None
        try:
            return await self._place_once(ordering, path, prompt, options)
        finally:
            if path is not None:
                await self.context.files.ordered(ordering.owner, path)

    async def _place_once(
        self, ordering: Ordering, path: Path | None, prompt: str, options: Any
    ) -> Job:
        known = {one.name for one in self.context.studio.admission.table if one.on_page} | {STORY}
        given = options if isinstance(options, dict) else {}
        if unknown := sorted(given.keys() - known):
            raise BadRequest("page_unknown_option", option=", ".join(map(str, unknown))[:100])
        keys = [] if path is None else [await self._upload(ordering.owner, path)]
        try:
            wanted = Options(prompt, **given)
            [job] = await ordering.place(PictureChoice(tuple(keys)), wanted)
        except (TypeError, ValueError) as error:
            if isinstance(error, MutoscopeError):
                raise
            raise BadRequest("page_bad_option") from error
        finally:
            for key in keys:
                await self.context.uploads.forget(ordering.owner, key)
        return job

    async def _upload(self, owner: str, path: Path) -> str:
        """Keep a picture as one that is uploaded at the page; return its key."""
        if not self.context.files.owns(owner, path):
            raise BadPicture("picture_gone")
        data = await asyncio.to_thread(path.read_bytes)
        if len(data) > MAX_BYTES:
            raise BadPicture("picture_file_too_large", limit=MAX_BYTES // 2**20)
        return await self.context.uploads.put(owner, data)

    def _status(self, job: Job) -> dict[str, Any]:
        order = self.context.live.get(job.owner, job.id) or LiveOrder(job)
        moment = CardHtml(self.context.words).moment(order)
        share = 1.0 if job.status.final else moment["share"]
        return {
            "job": job.id,
            "status": job.status.value,
            "text": moment["status"],
            "share": share,
            "credits": job.cost,
            "seed": job.clip.seed if job.clip else job.request.seed,
        }

    async def _file(self, job: Job) -> Any:
        """Return a clip as a file that Gradio sends; None where there is none."""
        data = await self.context.studio.shown.clip_file(job.clip) if job.clip else None
        if data is None:
            return None
        name = f"mutoscope-{file_name(job)}"
        return str(await self.context.files.sent(job.owner, data, name))
