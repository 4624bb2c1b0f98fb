"""Orders the clips of one command, follows them, and writes them to their files."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from bot.cli.invocation import Invocation
from bot.cli.local_user import OWNER, local_user
from bot.cli.orders.candidate_flags import candidate_flags
from bot.cli.orders.order_plan import Planned
from bot.cli.output_folder import write_whole
from bot.cli.progress_bar import ProgressBar
from bot.studio.events import JobChanged, JobProgressed
from bot.studio.models.availability import Availability, availability
from bot.studio.studio import Studio
from storage.domain.advice import Advice, advice_on_prompt
from storage.domain.clip import Failure
from storage.domain.errors import MutoscopeError
from storage.domain.job import Job
from storage.domain.progress import Progress, Stage
from storage.domain.text import printable

POLL_SECONDS = 1.0
"""How often the database is read: another process's dispatcher may collect a clip unseen."""
FRACTIONS = {
    Stage.DOWNLOADING: 0.0,
    Stage.LOADING: 0.0,
    Stage.PREPARING: 0.05,
    Stage.PICTURE: 0.05,
    Stage.COMPILING: 0.1,
    Stage.DECODING: 0.9,
    Stage.FINISHING: 0.9,
    Stage.ENCODING: 0.95,
}


@dataclass
class ClipRun:
    """All clips of one command, each from its order to its file.

    served is the model for which a worker is there. pending holds file names and progress
    fractions, both by job id.
    """

    studio: Studio
    invocation: Invocation
    bar: ProgressBar
    served: str
    made: int = 0
    failed: int = 0
    pending: dict[str, str] = field(default_factory=dict)
    progress: dict[str, float] = field(default_factory=dict)

    async def make(self, clips: Sequence[Planned]) -> None:
        """Order everything and return once each clip is written or has failed."""
        with self.studio.subscribe() as events:
            for clip in clips:
                await self._order(clip)
            await self._collect()
            while self.pending:
                with contextlib.suppress(TimeoutError):
                    event = await asyncio.wait_for(anext(events), POLL_SECONDS)
                    if isinstance(event, JobProgressed):
                        self._show_progress(event.job, event.progress)
                        continue
                    if isinstance(event, JobChanged):
                        self._show_advice(event)
                await self._collect()
        self.bar.hide()

    async def cancel(self) -> int:
        """Cancel what is not made yet; return how many clips that were."""
        self.bar.hide()
        count = len(self.pending)
        for job_id in list(self.pending):
            with contextlib.suppress(MutoscopeError):
                await self.studio.cancel(job_id, OWNER, discard=True)
        self.pending.clear()
        return count

    async def _order(self, clip: Planned) -> None:
        try:
            user = local_user(self.invocation.locale)
            job = await clip.order(self.studio, user)
        except MutoscopeError as error:
            self._report_failure(clip.name, self.invocation.error(error))
            return
        self.pending[job.id] = clip.name
        model = self.invocation.admission.catalogue.model(job.request.model)
        self._print_hints(clip.name, advice_on_prompt(job.request, model))
        if model.name != self.served and not job.status.final:
            await self._tell_unserved(clip.name, model.name)
        self._show(self.invocation.text("cli_waiting"))

    async def _tell_unserved(self, name: str, model: str) -> None:
        """Print for which clip no worker is there, where that is so."""
        catalogue, workers = (
            self.studio.admission.catalogue,
            await self.studio.reports.workers_by_model(),
        )
        if availability(model, workers, catalogue) is Availability.UNSERVED:
            text = self.invocation.text("cli_unserved", file=printable(name), model=model)
            self.bar.print_above(text)

    async def _collect(self) -> None:
        """Write the clip of every job that ended."""
        for job_id in list(self.pending):
            job = await self.studio.job(job_id)
            if job.status.final:
                self.progress.pop(job_id, None)
                await self._write(job, self.pending.pop(job_id))

    async def _write(self, job: Job, name: str) -> None:
        data = await self.studio.shown.clip_file(job.clip) if job.clip else None
        if job.clip is not None and data is None and await self.studio.shown.remake(job.id):
            self.pending[job.id] = name
            return
        if job.clip is None or data is None:
            failure = job.failure or Failure("failed_storage" if job.clip else "failed_cancelled")
            reason = self.invocation.text(failure.key, **dict(failure.parameters))
            self._report_failure(name, reason)
            return
        clip, path = job.clip, self.invocation.arguments.out / name
        try:
            await asyncio.to_thread(write_whole, path, data)
        except OSError as error:
            self._report_failure(name, self.invocation.text("cli_unwritten", reason=error.strerror))
            return
        await self.studio.shown.delivered(job.id, printable(path))
        self.made += 1
        key = "cli_saved_cached" if job.cached else "cli_saved"
        figures = {"frames": clip.frames, "seed": clip.seed, "seconds": f"{clip.seconds:.1f}"}
        self.bar.print_above(self.invocation.text(key, file=printable(path), **figures))
        for line in candidate_flags(self.invocation, job.request, clip):
            self.bar.print_above(line)
        self._show("")

    def _report_failure(self, name: str, reason: str) -> None:
        self.failed += 1
        file = printable(name)
        self.bar.print_above(self.invocation.text("cli_failed", file=file, reason=reason))

    def _show_advice(self, event: JobChanged) -> None:
        if event.job.id in self.pending:
            self._print_hints(self.pending[event.job.id], event.advice)

    def _print_hints(self, name: str, hints: Iterable[Advice]) -> None:
        for hint in hints:
            text = self.invocation.text(hint.key, **dict(hint.parameters))
            self.bar.print_above(f"{printable(name)}: {text}")

    def _show_progress(self, job_id: str, progress: Progress) -> None:
        if job_id not in self.pending:
            return
        self.progress[job_id] = fraction(progress)
        stage = self.invocation.text(f"stage_{progress.stage.value}")
        step = f" {progress.step}/{progress.steps}" if progress.steps else ""
        self._show(f"{printable(self.pending[job_id])}  {stage}{step}")

    def _show(self, text: str) -> None:
        self.bar.show(self.made + self.failed + sum(self.progress.values()), text)


def fraction(progress: Progress) -> float:
    """Return how much of a clip is made, between 0 and 1."""
    if progress.segments:
        part = fraction(replace(progress, segment=0, segments=0))
        return (progress.segment - 1 + part) / progress.segments
    if progress.stage is Stage.DENOISING:
        return 0.1 + 0.8 * progress.step / max(progress.steps, 1)
    return FRACTIONS[progress.stage]
