"""Asking: one or several clips that the child is asked for at once, each with its own answer."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from gpu_worker.engine.api import Cancelled, OutOfMemory, Result
from gpu_worker.engine.messages import (
    Cancel,
    Done,
    Failed,
    FromChild,
    Generate,
    Moved,
    Ready,
    Reason,
    ToChild,
    Together,
)
from gpu_worker.media.picture import Canvas
from storage.domain.errors import GenerationFailed
from storage.domain.progress import Progress
from storage.domain.request import GenerationRequest

log = logging.getLogger(__name__)

Heard = Callable[[Progress, bytes | None], None]


class EngineDied(Exception):
    """The child ended, or had to be ended, before it answered; another attempt may succeed."""


def _unanswered() -> asyncio.Future[Result]:
    answer: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
    # Whoever gave up does not look any more, and asyncio need not complain of it.
    answer.add_done_callback(lambda one: one.cancelled() or one.exception())
    return answer


@dataclass(eq=False)
class Asked:
    """One clip that is asked for: where its progress goes, and where its cancel comes from.

    widths is how many clips like it one pass may hold so that it pays, as the engine told.
    """

    request: GenerationRequest
    canvas: Canvas
    heard: Heard
    cancelled: asyncio.Event
    answer: asyncio.Future[Result] = field(default_factory=_unanswered)
    making: asyncio.Task[None] | None = None
    widths: tuple[int, ...] | None = None

    async def result(self) -> Result:
        """Wait for the answer; raise what it is instead of a clip.

        If the wait is given up, so is the making, and the child that is at it is ended: nobody
        waits for its answer, and the next order should not either.
        """
        try:
            return await self.answer
        except asyncio.CancelledError:
            if self.making is not None:
                self.making.cancel()
            raise

    def fail(self, error: Exception) -> None:
        """Answer with an error, unless there was an answer before."""
        if not self.answer.done():
            self.answer.set_exception(error)

    def succeed(self, result: Result) -> None:
        """Answer with the clip, unless there was an answer before."""
        if not self.answer.done():
            self.answer.set_result(result)


class Wire(Protocol):
    """The worker's end of the wire to a child: see gpu_worker.engine.connection.Link."""

    async def send(self, message: ToChild) -> None:
        """Send to the child; raise OSError where it is gone."""

    async def hear(self) -> FromChild:
        """Wait for what the child says next; raise EngineDied at its end."""

    async def epitaph(self) -> str:
        """End the child and return how it ended."""

    def kill(self, why: str) -> None:
        """End the child now."""


class Round:
    """One exchange with the child, from the question to the last answer."""

    def __init__(self, wire: Wire, asked: dict[int, Asked], grace: float) -> None:
        """Ask for these clips by their numbers; grace: seconds that a cancel may take."""
        self._wire = wire
        self._asked = asked
        self._open = dict(asked)
        self._grace = grace

    async def run(self) -> None:
        """Ask, and wait until all is answered; a child that does not heed a cancel is ended."""
        heeding = [asyncio.create_task(self._heed(number)) for number in self._open]
        try:
            await self._wire.send(self._question())
            while self._open:
                self._take(await self._wire.hear())
        except (OSError, EngineDied):
            epitaph = await self._wire.epitaph()
            for one in self._open.values():
                one.fail(Cancelled() if one.cancelled.is_set() else EngineDied(epitaph))
        except asyncio.CancelledError:
            self._wire.kill("given up")
            raise
        finally:
            for task in heeding:
                task.cancel()

    def _question(self) -> ToChild:
        clips = [Generate(number, one.request, one.canvas) for number, one in self._asked.items()]
        return clips[0] if len(clips) == 1 else Together(tuple(clips))

    def _take(self, message: FromChild) -> None:
        if isinstance(message, Failed) and message.reason is Reason.BROKEN:
            # What raised an unforeseen error may have left the device unusable.
            self._wire.kill(message.detail)
            raise EngineDied
        if isinstance(message, Ready) or message.number not in self._open:
            return  # the late answer to a clip that was given up
        one = self._open[message.number]
        if isinstance(message, Moved):
            one.heard(message.progress, message.preview)
        elif isinstance(message, Done):
            one.widths = message.widths
            self._open.pop(message.number).succeed(message.result)
        else:
            self._open.pop(message.number).fail(_error(message))

    async def _heed(self, number: int) -> None:
        """Pass one clip's cancel on; those that share its passes go on without it."""
        one = self._asked[number]
        await one.cancelled.wait()
        if number not in self._open:
            return
        with contextlib.suppress(OSError):
            await self._wire.send(Cancel(number))
        if any(not other.cancelled.is_set() for other in self._open.values()):
            if self._open.pop(number, None) is not None:
                one.fail(Cancelled())
            return
        await asyncio.sleep(self._grace)
        if self._open:
            log.warning("the engine's process does not heed a cancel; killing it")
            self._wire.kill("deaf to a cancel")


def _error(failed: Failed) -> Exception:
    if failed.reason is Reason.CANCELLED:
        return Cancelled()
    if failed.reason is Reason.OUT_OF_MEMORY:
        return OutOfMemory(failed.detail)
    return GenerationFailed(failed.key, **failed.parameters)


def waiting(asked: Sequence[Asked]) -> list[Asked]:
    """Return those that have no answer yet."""
    return [one for one in asked if not one.answer.done()]
