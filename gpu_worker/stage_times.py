"""For how long a worker's orders were in each stage."""

from __future__ import annotations

import time
from collections.abc import Callable

from storage.domain.progress import Progress, Stage
from storage.queue.reporter import ProgressReporter
from storage.tracing import add_span


class TimedReporter:
    """One order's reporter, which adds up the seconds of each stage that is reported."""

    def __init__(
        self,
        reporter: ProgressReporter,
        job: str,
        seconds: dict[Stage, float],
        clock: Callable[[], float],
    ) -> None:
        """Report by this reporter, and add to these seconds and to the job's trace."""
        self._job = job
        self._reporter = reporter
        self._seconds = seconds
        self._clock = clock
        self._stage: Stage | None = None
        self._since = 0.0
        self.cancelled = reporter.cancelled
        self.slot = reporter.slot
        self.segments = reporter.segments

    async def progress(self, progress: Progress, preview: bytes | None = None) -> None:
        """Report progress."""
        self.enter(progress.stage)
        await self._reporter.progress(progress, preview)

    def enter(self, stage: Stage | None) -> None:
        """Begin a stage, and end the one before; None at the order's end."""
        if stage is self._stage:
            return
        now = self._clock()
        if self._stage is not None:
            taken = now - self._since
            self._seconds[self._stage] += taken
            add_span(self._stage.value, self._job, time.time() - taken)
        self._stage, self._since = stage, now
