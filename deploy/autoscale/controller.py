"""Starts worker processes as an autoscaler in a cluster does, and never ends one.

It asks the bot how many workers are wanted and starts those that are missing. A worker ends by
itself once it has been idle; only when the controller itself is stopped are workers told to stop,
which lets them finish or hand back what they have.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import aiohttp

from deploy.local.stack.child_process import ChildProcess, ProcessExited, python

log = logging.getLogger(__name__)

POLL_SECONDS = 5.0
ANSWER_SECONDS = 10.0
BROKEN_STARTS = 3  # failed workers in a row after which starting more is no use


@dataclass(slots=True)
class WorkerRun:
    """One worker process; times are monotonic seconds, `ended` is None while it runs."""

    name: str
    started: float
    child: ChildProcess = field(repr=False)
    ended: float | None = None

    @property
    def seconds(self) -> float:
        """Return for how long it has run."""
        return (time.monotonic() if self.ended is None else self.ended) - self.started


@dataclass(frozen=True, slots=True)
class Answer:
    """What the bot wants: how many workers in all, and how long an idle one should stay."""

    wanted: int
    idle_seconds: float


class WorkerScaler:
    """Keeps as many workers running as the bot wants."""

    def __init__(
        self,
        url: str,
        environ: Mapping[str, str],
        logs: Path | None,
        *,
        model: str | None = None,
        most: int = 4,
        idle_seconds: float | None = None,
        poll_seconds: float = POLL_SECONDS,
        on_change: Callable[[WorkerRun], None] = lambda _: None,
    ) -> None:
        """Ask this url, the bot's /workers/wanted, and start at most so many workers at a time.

        environ holds the workers' settings. model is the one that they serve and are asked for;
        None asks for those of all models and leaves theirs to environ. idle_seconds replaces what
        the bot advises. on_change hears of each start and end.
        """
        self.runs: list[WorkerRun] = []
        self._url = url if model is None else f"{url}?{urlencode({'model': model})}"
        self._environ = {name: text for name, text in environ.items() if name != "METRICS_PORT"}
        if model is not None:
            self._environ["MODEL"] = model
        self._logs = logs
        self._most = most
        self._idle_seconds = idle_seconds
        self._poll_seconds = poll_seconds
        self._on_change = on_change
        self._watches: dict[asyncio.Task[None], WorkerRun] = {}
        self._failed: list[WorkerRun] = []  # those that failed since one ended well

    @property
    def alive(self) -> list[WorkerRun]:
        """Return the workers that run now."""
        return [run for run in self.runs if run.ended is None]

    async def run(self) -> None:
        """Scale until cancelled, then stop all workers; raise ProcessExited where none can work."""
        try:
            async with aiohttp.ClientSession() as session:
                while True:
                    await self._scale(await self._ask(session))
                    await asyncio.sleep(self._poll_seconds)
        finally:
            await asyncio.gather(*(run.child.stop() for run in self.alive))
            await asyncio.gather(*self._watches, return_exceptions=True)

    async def wait_until_none(self) -> None:
        """Return once no worker runs."""
        while self._watches:
            await asyncio.wait([*self._watches])

    async def _ask(self, session: aiohttp.ClientSession) -> Answer:
        """Return what the bot wants; nothing more than there is while it does not answer."""
        try:
            timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
            async with session.get(self._url, timeout=timeout) as answer:
                answer.raise_for_status()
                found = await answer.json()
                return Answer(int(found["wanted"]), float(found["idle_seconds"]))
        except (aiohttp.ClientError, TimeoutError, ValueError, KeyError) as error:
            log.debug("the bot does not say how many workers it wants: %r", error)
            return Answer(0, 0.0)

    async def _scale(self, answer: Answer) -> None:
        """Start what is missing; raise ProcessExited after too many failures."""
        if len(self._failed) >= BROKEN_STARTS:
            raise ProcessExited(self._failed[-1].child)
        for _ in range(min(answer.wanted, self._most) - len(self.alive)):
            await self._start(answer.idle_seconds)

    async def _start(self, advised: float) -> None:
        idle = advised if self._idle_seconds is None else self._idle_seconds
        name = f"worker-{len(self.runs) + 1}"
        log_file = self._logs / f"{name}.log" if self._logs else None
        environ = {**self._environ, "WORKER_NAME": name, "IDLE_EXIT_SECONDS": f"{idle:.1f}"}
        started = time.monotonic()
        child = await ChildProcess.start(name, python("gpu_worker"), environ, log_file)
        run = WorkerRun(name, started, child)
        self.runs.append(run)
        self._on_change(run)
        watch = asyncio.create_task(self._watch(run))
        self._watches[watch] = run
        watch.add_done_callback(self._watches.pop)

    async def _watch(self, run: WorkerRun) -> None:
        status = await run.child.process.wait()
        run.ended = time.monotonic()
        if status:
            self._failed.append(run)
        else:
            self._failed.clear()
        self._on_change(run)
