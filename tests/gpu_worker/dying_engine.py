"""The project's own engine, whose process dies once, in the middle of one job.

DYING_JOB names the job. DYING_MARKER names a file that is written before, so that the next attempt
at the job lives.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gpu_worker.engine.api import Engine, OnProgress, Result
from gpu_worker.media.picture import Canvas
from gpu_worker.models import registry
from storage.domain.progress import Progress
from storage.domain.request import GenerationRequest
from storage.logs import current_job

LAST_STEP = 2


class DyingEngine:
    """Makes clips as the wrapped engine does, until it kills its process."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.name, self.device = engine.name, engine.device

    def load(self) -> None:
        """Load the wrapped engine."""
        self._engine.load()

    def generate(
        self,
        request: GenerationRequest,
        canvas: Canvas,
        on_progress: OnProgress,
        should_stop: Callable[[], bool],
    ) -> Result:
        marker = Path(os.environ["DYING_MARKER"])
        dies = current_job() == os.environ["DYING_JOB"] and not marker.exists()

        def count(progress: Progress, preview: bytes | None) -> None:
            on_progress(progress, preview)
            if dies and progress.step >= LAST_STEP:
                marker.touch()
                os.kill(os.getpid(), signal.SIGKILL)

        return self._engine.generate(request, canvas, count, should_stop)


def create(source: str = "embedded", **options: Any) -> DyingEngine:
    """Return the wrapped engine of a source."""
    return DyingEngine(registry.create(source, **options))
