"""Estimates of the time that is left, decoding included."""

from __future__ import annotations

import pytest

from gpu_worker.models.i2vgen_xl.progress_tracker import ProgressTracker
from storage.domain.progress import Progress, Stage


class TrackedJob:
    """A job of four steps a candidate, each of which takes three seconds."""

    def __init__(self, candidates: int = 1, decoding_seconds: float | None = None) -> None:
        self.now = 0.0
        self.reported: list[Progress] = []
        self.tracker = ProgressTracker(
            lambda progress, _preview: self.reported.append(progress),
            lambda: False,
            4 * candidates,
            candidates,
            decoding_seconds,
            clock=lambda: self.now,
        )

    def make_candidate(self) -> None:
        """Take all steps of one candidate and begin to decode it."""
        self.tracker.begin()
        self.tracker.enter(Stage.PREPARING)
        self.tracker.step(True, None)
        for _ in range(4):
            self.now += 3.0
            self.tracker.step(False, None)
        self.tracker.enter(Stage.DECODING)

    def left(self) -> list[float | None]:
        return [progress.eta for progress in self.reported]


def test_decoding_counts_as_it_was_measured() -> None:
    job = TrackedJob(decoding_seconds=20.0)
    job.make_candidate()
    assert job.left() == [None, None, 29.0, 26.0, 23.0, 20.0, 20.0]


def test_a_step_in_which_layers_were_compiled_says_nothing_of_the_others() -> None:
    job = TrackedJob(decoding_seconds=20.0)
    job.tracker.begin()
    job.tracker.step(True, None)
    job.tracker.compiling()
    job.now += 600.0
    job.tracker.step(False, None)
    job.now += 3.0
    job.tracker.step(False, None)
    assert job.left() == [None, None, None, 26.0]
    assert [progress.step for progress in job.reported] == [0, 0, 1, 2]
    assert job.reported[1].stage is Stage.COMPILING


def test_a_first_decoding_counts_too() -> None:
    job = TrackedJob()
    job.make_candidate()
    assert job.left()[-1] == pytest.approx(2 * 3.0)


def test_candidates_that_are_still_to_be_made_count_too() -> None:
    job = TrackedJob(candidates=2, decoding_seconds=5.0)
    job.make_candidate()
    assert job.left()[-1] == 4 * 3.0 + 2 * 5.0
    job.make_candidate()
    assert job.left()[-1] == 5.0
