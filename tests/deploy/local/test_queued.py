"""The engine's idle time is computed from the events of its clips."""

from __future__ import annotations

from deploy.local.queued import engine_interval, gaps
from storage.domain.progress import Progress, Stage
from storage.queue.messages.events import Event, Progressed


def progressed(job: str, *stages: tuple[Stage, float]) -> list[tuple[float, Event]]:
    """Return the events of a job that reached these stages at these times."""
    return [(now, Progressed(job, 1, Progress(stage, 0, 8))) for stage, now in stages]


def test_the_engine_is_idle_from_the_frames_to_its_next_preparation() -> None:
    first = ((Stage.PREPARING, 0.0), (Stage.PREPARING, 1.0), (Stage.DENOISING, 2.0))
    events = progressed("a", *first, (Stage.DECODING, 8.0), (Stage.ENCODING, 9.0))
    second = ((Stage.PREPARING, 9.2), (Stage.PREPARING, 9.5), (Stage.DENOISING, 10.0))
    events += progressed("b", *second, (Stage.ENCODING, 11.0))
    intervals = [engine_interval(events, job) for job in ("b", "a")]
    assert intervals == [(9.5, 11.0), (1.0, 9.0)]
    assert gaps(intervals) == [0.5]
