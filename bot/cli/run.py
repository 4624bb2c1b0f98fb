"""One run of the command: its clips ordered, followed, and written to their files."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass, field
from pathlib import Path

from bot.cli.order_plan import Wanted
from bot.cli.pairs import Pair
from bot.cli.progress_bar import Bar
from bot.cli.shop import OWNER, Shop
from bot.i18n import Words
from bot.studio.events import JobProgressed
from storage.domain.clip import Failure
from storage.domain.errors import MutoscopeError
from storage.domain.job import Job, Status
from storage.domain.progress import Progress, Stage

LOOK_SECONDS = 1.0
"""How often the book itself is read: another process may have taken a clip up."""
SHARES = {Stage.LOADING: 0.0, Stage.PREPARING: 0.05, Stage.DECODING: 0.9, Stage.ENCODING: 0.95}


@dataclass
class Run:
    """Every clip of one run, each from its order to its file."""

    shop: Shop
    words: Words
    locale: str
    out: Path
    bar: Bar
    made: int = 0
    failed: int = 0
    open: dict[str, Pair] = field(default_factory=dict)
    shares: dict[str, float] = field(default_factory=dict)

    async def make(self, wanted: list[Wanted]) -> None:
        """Order everything and stay until all of it is made or has failed."""
        with self.shop.studio.subscribe() as news:
            for want in wanted:
                await self._order(want)
            await self._collect()
            while self.open:
                with contextlib.suppress(TimeoutError):
                    item = await asyncio.wait_for(anext(news), LOOK_SECONDS)
                    if isinstance(item, JobProgressed):
                        self._move(item.job, item.progress)
                        continue
                await self._collect()
        self.bar.hide()

    async def cancel(self) -> int:
        """Cancel what is not made yet; return how many clips that were."""
        self.bar.hide()
        count = len(self.open)
        for identity in list(self.open):
            with contextlib.suppress(MutoscopeError):
                await self.shop.studio.cancel(identity, OWNER)
        self.open.clear()
        return count

    async def _order(self, want: Wanted) -> None:
        try:
            receipt = await self.shop.studio.submit(
                self.shop.requester(self.locale), want.picture, want.options
            )
        except MutoscopeError as error:
            self._fail(want.pair, self.words.error(self.locale, error))
            return
        self.open[receipt.job.id] = want.pair
        self._show(self._say("cli_waiting"))

    async def _collect(self) -> None:
        """Take up every job that is over."""
        for identity in list(self.open):
            job = await self.shop.jobs.get(identity)
            if job.status.final:
                self.shares.pop(identity, None)
                await self._take(job, self.open.pop(identity))

    async def _take(self, job: Job, pair: Pair) -> None:
        if job.status is not Status.DONE or job.clip is None:
            failure = job.failure or Failure("failed_cancelled")
            reason = self.words.text(self.locale, failure.key, **dict(failure.parameters))
            self._fail(pair, reason)
            return
        path = self.out / pair.name
        data = await self.shop.blobs.get(job.clip.blob)
        await asyncio.to_thread(path.write_bytes, data)
        await self.shop.jobs.delivered(job.id, str(path), time.time())
        self.made += 1
        key = "cli_saved_cached" if job.cached else "cli_saved"
        clip = job.clip
        seconds = f"{clip.seconds:.1f}"
        self.bar.say(self._say(key, file=path, frames=clip.frames, seed=clip.seed, seconds=seconds))
        self._show("")

    def _fail(self, pair: Pair, reason: str) -> None:
        self.failed += 1
        self.bar.say(self._say("cli_failed", file=pair.name, reason=reason))

    def _move(self, identity: str, progress: Progress) -> None:
        if identity not in self.open:
            return
        self.shares[identity] = share(progress)
        stage = self.words.text(self.locale, f"stage_{progress.stage.value}")
        step = f" {progress.step}/{progress.steps}" if progress.steps else ""
        self._show(f"{self.open[identity].name}  {stage}{step}")

    def _show(self, text: str) -> None:
        self.bar.show(self.made + self.failed + sum(self.shares.values()), text)

    def _say(self, key: str, **gaps: object) -> str:
        return self.words.text(self.locale, key, **gaps)


def share(progress: Progress) -> float:
    """Return how much of a clip is made, between 0 and 1."""
    if progress.stage is Stage.DENOISING:
        return 0.1 + 0.8 * progress.step / max(progress.steps, 1)
    return SHARES[progress.stage]
