"""Watching: what a running job says of itself, and where it hears that it should stop."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from gpu_worker.engine.api import Cancelled, OnProgress
from storage.domain.progress import Progress, Stage

DECODING_STEPS = 2.0
"""A clip whose like was never decoded here is taken to be decoded in the time of so many steps."""


@dataclass
class Watch:
    """One job's progress over all its candidates.

    steps counts the denoising steps of all candidates, as far as they are known; after is how
    many seconds the decoding of each will take, None where nobody knows.
    """

    on_progress: OnProgress
    should_stop: Callable[[], bool]
    steps: int
    candidates: int = 1
    after: float | None = None
    clock: Callable[[], float] = time.monotonic
    done: int = 0
    spent: float = 0.0
    taken: int = 0
    together: int = 1
    _began: float | None = field(default=None)
    _before: int = 0

    def heed(self) -> None:
        """Raise Cancelled if the job was told to stop."""
        if self.should_stop():
            raise Cancelled

    def expect(self, steps: int) -> None:
        """Take up how many steps each candidate really needs."""
        self.steps = steps * self.candidates

    def restart(self) -> None:
        """Go back to the start of this candidate, which is begun again."""
        self.done = self._before

    def begin(self, together: int = 1) -> None:
        """Remember where the next candidate starts, or so many that share their steps."""
        self._before = self.done
        self.together = together

    def enter(self, stage: Stage) -> None:
        """Say that a stage begins."""
        self.heed()
        self._began = None
        left = self._left() if stage is Stage.DECODING else None
        self.on_progress(Progress(stage, self.done, self.steps, left), None)

    def step(self, first: bool, preview: bytes | None) -> None:
        """Count a denoising step (the first call of a candidate only starts the clock)."""
        now = self.clock()
        if not first:
            self.done += self.together
            self.taken += self.together
            self.spent += now - (self._began if self._began is not None else now)
        self._began = now
        self.on_progress(Progress(Stage.DENOISING, self.done, self.steps, self._left()), preview)
        self.heed()

    def _left(self) -> float | None:
        if not self.taken:
            return None
        step = self.spent / self.taken
        after = DECODING_STEPS * step if self.after is None else self.after
        undecoded = self.candidates - round(self._before * self.candidates / self.steps)
        return (self.steps - self.done) * step + undecoded * after
