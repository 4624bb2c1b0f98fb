"""The engine's idle time is read from what a worker tells of its clips."""

from __future__ import annotations

import pytest

from deploy.local.queued import Stopwatch, gaps, idle_share
from storage.domain.progress import Progress, Stage
from storage.queue.messages import Ended, Progressed


def told(watch: Stopwatch, job: str, *stages: tuple[Stage, float]) -> None:
    """Let the stopwatch hear that a job came to these stages at these times."""
    for stage, now in stages:
        watch.hear(Progressed(job, 1, Progress(stage, 0, 8)), now)


def test_the_engine_is_idle_from_the_frames_to_its_next_word() -> None:
    watch = Stopwatch()
    first = ((Stage.PREPARING, 0.0), (Stage.PREPARING, 1.0), (Stage.DENOISING, 2.0))
    told(watch, "a", *first, (Stage.DECODING, 8.0), (Stage.ENCODING, 9.0))
    second = ((Stage.PREPARING, 9.2), (Stage.PREPARING, 9.5), (Stage.DENOISING, 10.0))
    told(watch, "b", *second, (Stage.ENCODING, 11.0))
    watch.hear(Ended("a", 1), 9.4)
    assert watch.over == {"a"}
    assert gaps([watch.spans["b"], watch.spans["a"]]) == [0.5]
    assert idle_share([*watch.spans.values()]) == pytest.approx(0.05)
