"""The progress of one request over all its candidates, and its cancellation."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from gpu_worker.engine.api import Cancelled, OnProgress
from storage.domain.progress import Progress, Stage

DECODING_STEPS = 2.0
"""Until a clip was decoded, decoding is estimated to take as long as so many steps."""


@dataclass
class ProgressTracker:
    """Counts steps, estimates what is left, and reports both.

    steps counts the denoising steps of all candidates, as far as they are known; decoding_seconds
    is what the decoding of each will take, None where it is not known; batch is how many
    candidates share the steps that are counted now.
    """

    on_progress: OnProgress
    should_stop: Callable[[], bool]
    steps: int
    candidates: int = 1
    decoding_seconds: float | None = None
    clock: Callable[[], float] = time.monotonic
    done: int = 0
    batch: int = 1
    _timed_steps: int = 0
    _timed_seconds: float = 0.0
    _step_began: float | None = field(default=None)
    _done_before: int = 0

    def raise_if_cancelled(self) -> None:
        """Raise Cancelled if the job is to stop."""
        if self.should_stop():
            raise Cancelled

    def set_steps(self, steps: int) -> None:
        """Set how many steps each candidate really needs."""
        self.steps = steps * self.candidates

    def begin(self, batch: int = 1) -> None:
        """Begin the next candidate, or so many that share their steps."""
        self._done_before = self.done
        self.batch = batch

    def restart(self) -> None:
        """Go back to the start of the candidates that were begun last."""
        self.done = self._done_before

    def enter(self, stage: Stage) -> None:
        """Report that a stage begins; raise Cancelled."""
        self.raise_if_cancelled()
        self._step_began = None
        left = self._seconds_left() if stage is Stage.DECODING else None
        self.on_progress(Progress(stage, self.done, self.steps, left), None)

    def compiling(self) -> None:
        """Report that layers are compiled; a step with that does not count in the estimate."""
        self._step_began = None
        self.on_progress(Progress(Stage.COMPILING, self.done, self.steps), None)

    def step(self, first: bool, preview: bytes | None) -> None:
        """Count and report a denoising step; raise Cancelled.

        The first call of a candidate only starts the clock.
        """
        now = self.clock()
        if not first:
            self.done += self.batch
        if not first and self._step_began is not None:
            self._timed_steps += self.batch
            self._timed_seconds += now - self._step_began
        self._step_began = now
        left = self._seconds_left()
        self.on_progress(Progress(Stage.DENOISING, self.done, self.steps, left), preview)
        self.raise_if_cancelled()

    def _seconds_left(self) -> float | None:
        if not self._timed_steps:
            return None
        step = self._timed_seconds / self._timed_steps
        decoding = DECODING_STEPS * step if self.decoding_seconds is None else self.decoding_seconds
        undecoded = self.candidates - round(self._done_before * self.candidates / self.steps)
        return (self.steps - self.done) * step + undecoded * decoding
