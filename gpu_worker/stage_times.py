"""For how long a worker's orders were in each stage."""

from __future__ import annotations

from collections.abc import Callable

from storage.domain.progress import Progress, Stage
from storage.queue.reporter import ProgressReporter


class TimedReporter:
    """One order's reporter, which adds up the seconds of each stage that is reported."""

    def __init__(
        self, reporter: ProgressReporter, seconds: dict[Stage, float], clock: Callable[[], float]
    ) -> None:
        """Report by this reporter, and add to these seconds."""
        self._reporter = reporter
        self._seconds = seconds
        self._clock = clock
        self._stage: Stage | None = None
        self._since = 0.0
        self.cancelled = reporter.cancelled
        self.slot = reporter.slot

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
            self._seconds[self._stage] += now - self._since
        self._stage, self._since = stage, now
