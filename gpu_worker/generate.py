"""Makes the clip of one order: picture, frames, file, store."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from functools import partial
from hashlib import sha256

from gpu_worker.chains.extension import extend
from gpu_worker.chains.first_picture import animate_text, with_picture
from gpu_worker.chains.story import Story
from gpu_worker.content_check import ContentCheck, ContentScorer
from gpu_worker.credentials.clip_signer import ClipSigner
from gpu_worker.encoding import OrderEncoding
from gpu_worker.engine.api import Cancelled, Result
from gpu_worker.media.clips.clip_frames import open_clip
from gpu_worker.order_steps import EngineRunner, OpenPicture, OrderSteps, Reporter, Updates
from gpu_worker.outcome import clip_of, failure_of, metadata, source_motion
from gpu_worker.style_files import StyleFiles
from storage.blobs import Blobs
from storage.domain.clip import Clip, Failure
from storage.domain.errors import BadStyle, GenerationFailed
from storage.domain.models.served_model import ServedModel
from storage.domain.progress import Progress, Stage
from storage.domain.request import GenerationRequest
from storage.queue.messages.orders import Order


class Generator:
    """Makes one clip per order; every error becomes a Failure."""

    def __init__(
        self,
        engine: EngineRunner,
        blobs: Blobs,
        open_picture: OpenPicture,
        worker: str,
        served: ServedModel,
        *,
        depth_model: str = "",
        styles: StyleFiles | None = None,
        picture_model: str = "",
        content: ContentScorer | None = None,
        signer: ClipSigner | None = None,
    ) -> None:
        """Make clips with this engine, from and into these blobs; refuse what is not served.

        styles are the files that the engine reads; None where it takes no styles. content is the
        content filter; None where there is none, so that orders which need it are refused. signer
        writes the clips' credentials; None where they have none.
        """
        self._engine = engine
        self._blobs = blobs
        self._open_picture = open_picture
        self._worker = worker
        self._served = served
        self._depth_model = depth_model
        self._styles = styles
        self._picture_model = picture_model
        self._content = content
        self._signer = signer

    async def __call__(self, order: Order, reporter: Reporter) -> Clip | Failure:
        """Return the clip, or why there is none."""
        try:
            return await self._make(order, reporter)
        except Exception as error:  # the edge: every error becomes an answer
            return failure_of(error, order)

    async def _make(self, order: Order, reporter: Reporter) -> Clip:
        self._check_models(order.request)
        content = ContentCheck(self._content, order.request.content_limit)
        content.prepare()
        updates: Updates = asyncio.Queue()
        steps = OrderSteps(
            self._engine, self._blobs, self._open_picture, reporter, updates, self._styles, content
        )
        forwarding = asyncio.create_task(_forward(updates, reporter, content))
        try:
            async with _result(order.request, steps) as result:
                reporter.slot.release()
                sign = partial(self._sign, request=order.request, source=result.source)
                work = OrderEncoding(order, reporter.cancelled, _from_thread(updates), sign)
                picture = sha256(result.picture).hexdigest() if result.picture else ""
                facts = metadata(with_picture(order.request, picture), result)
                drafts = max(1, len(result.candidates))
                made = await asyncio.to_thread(work.run, result.frames, facts, drafts)
            score = await content.check(made.squares)
            if reporter.cancelled.is_set():
                raise Cancelled
            if result.picture:
                await steps.put(result.picture)
            blob, still = await steps.put(made.encoded.data), await steps.put(made.poster)
        finally:
            forwarding.cancel()
        clip = clip_of(order.request, result, made, blob=blob, poster=still)
        clip = replace(clip, content_score=score, picture=picture)
        return replace(clip, worker=self._worker, made_with=self._served)

    def _sign(self, data: bytes, *, request: GenerationRequest, source: bytes) -> bytes:
        """Return a clip's file with its credentials, of the clip whose file is its source."""
        return data if self._signer is None else self._signer.sign(data, request, source)

    def _check_models(self, request: GenerationRequest) -> None:
        """Raise GenerationFailed where a model is asked for that this worker does not have."""
        depth_known = request.depth_model in ("", self._depth_model) or not request.generates
        if request.model != self._served.name or not depth_known:
            raise GenerationFailed("failed_model_missing")
        if request.style is not None and request.generates and self._styles is None:
            raise BadStyle("style_model")
        made = request.text_to_image if request.generates else None
        if made is not None and made.model != self._picture_model:
            raise GenerationFailed("failed_no_picture_model", model=made.model)


@contextlib.asynccontextmanager
async def _result(request: GenerationRequest, steps: OrderSteps) -> AsyncIterator[Result]:
    """Yield the frames that the model makes, or those of the request's source, or both joined."""
    with contextlib.ExitStack() as stack:
        if not request.generates:
            yield await _source(request, steps, stack)
        elif request.segments:
            yield await Story(request, steps, stack).make()
        elif request.source:
            yield await extend(request, steps, stack)
        elif request.text_to_image is not None:
            yield await animate_text(request, request.text_to_image, steps)
        else:
            canvas = await steps.prepare(request, steps.fetch(request))
            yield await steps.generate(request, canvas)


async def _source(
    request: GenerationRequest, steps: OrderSteps, stack: contextlib.ExitStack
) -> Result:
    """Return the frames of a request's source; its file lies on the disk until the stack closes."""
    await steps.wait_for_slot()
    steps.reporter.slot.release()  # nothing below needs the engine
    steps.updates.put_nowait((Progress(Stage.PREPARING, 0, request.frames), None))
    data = await steps.get(request.source, "failed_source_gone")
    frames = await asyncio.to_thread(stack.enter_context, open_clip(data))
    return Result(frames, request.seed, source_motion(request), source=data)


def _from_thread(updates: Updates) -> Callable[[Progress], None]:
    """Return what puts progress into a queue of this event loop from any thread."""
    loop = asyncio.get_running_loop()

    def report(progress: Progress) -> None:
        loop.call_soon_threadsafe(updates.put_nowait, (progress, None))

    return report


async def _forward(updates: Updates, reporter: Reporter, content: ContentCheck) -> None:
    while True:
        progress, preview = await updates.get()
        await reporter.progress(progress, await content.shown(preview))
