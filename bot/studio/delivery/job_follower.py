"""What front ends have in common that show jobs while these run."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from bot.studio.events import JobEvent
from bot.studio.keep_running import keep_running
from bot.studio.studio import Studio

Work = Callable[[], Coroutine[Any, Any, None]]


class JobFollower(ABC):
    """Follows the events of all jobs, and does other work beside that."""

    def __init__(
        self, studio: Studio, *, loops: Sequence[tuple[Work, float]], beside: Sequence[Work] = ()
    ) -> None:
        """Do the loops again after so many seconds each, and what is beside them once."""
        self._studio = studio
        self._loops = loops
        self._beside = beside
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Work until cancelled; begins with what an earlier process left over."""
        try:
            with self._studio.subscribe() as events:
                await self.resume()
                async with asyncio.TaskGroup() as group:
                    for work in self._beside:
                        group.create_task(work())
                    for work, interval in self._loops:
                        group.create_task(_repeat(work, interval))
                    async for event in events:
                        self.handle(event)
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    @abstractmethod
    async def resume(self) -> None:
        """Show the jobs that this process holds, and deliver those that have ended."""

    @abstractmethod
    def handle(self, event: JobEvent) -> None:
        """Take note of what became of a job."""

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something in a task, which is cancelled at the end of run."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _repeat(work: Work, interval: float) -> None:
    await asyncio.sleep(interval)
    await keep_running(work, interval, f"{work.__qualname__} goes on after an error")
