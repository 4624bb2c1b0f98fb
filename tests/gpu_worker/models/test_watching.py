"""What a running job says of the time that is left, decoding included."""

from __future__ import annotations

import pytest

from gpu_worker.models.i2vgen_xl.progress_tracker import ProgressTracker
from storage.domain.progress import Progress, Stage


class Job:
    """A job of four steps a candidate, each of which takes three seconds."""

    def __init__(self, candidates: int = 1, after: float | None = None) -> None:
        self.now = 0.0
        self.said: list[Progress] = []
        self.watch = ProgressTracker(
            lambda progress, _preview: self.said.append(progress),
            lambda: False,
            4 * candidates,
            candidates,
            after,
            clock=lambda: self.now,
        )

    def denoise(self) -> None:
        self.watch.begin()
        self.watch.enter(Stage.PREPARING)
        self.watch.step(True, None)
        for _ in range(4):
            self.now += 3.0
            self.watch.step(False, None)

    def left(self) -> list[float | None]:
        return [progress.eta for progress in self.said]


def test_the_time_of_decoding_is_told_as_it_was_measured() -> None:
    job = Job(after=20.0)
    job.denoise()
    job.watch.enter(Stage.DECODING)
    assert job.left() == [None, None, 29.0, 26.0, 23.0, 20.0, 20.0]


def test_a_first_decoding_is_not_taken_to_cost_nothing() -> None:
    job = Job()
    job.denoise()
    job.watch.enter(Stage.DECODING)
    assert job.left()[-1] == pytest.approx(2 * 3.0)


def test_candidates_that_are_still_to_be_made_are_not_forgotten() -> None:
    job = Job(candidates=2, after=5.0)
    job.denoise()
    job.watch.enter(Stage.DECODING)
    assert job.left()[-1] == 4 * 3.0 + 2 * 5.0
    job.denoise()
    job.watch.enter(Stage.DECODING)
    assert job.left()[-1] == 5.0
