"""Frames on the disk are those that were made, once, in any order."""

from __future__ import annotations

import errno
import tempfile
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
import pytest

from gpu_worker.finish.finishing import finished
from gpu_worker.finish.spool import spooled
from gpu_worker.media.frames import Frame, Frames
from storage.domain.errors import GenerationFailed

FRAMES: Frames = np.random.default_rng(0).integers(0, 256, (7, 20, 32, 3), np.uint8)


class CountedFrames:
    """Frames that count how often each is made."""

    def __init__(self) -> None:
        self.made = [0] * len(FRAMES)

    def __len__(self) -> int:
        return len(FRAMES)

    def __getitem__(self, index: int) -> Frame:
        self.made[index] += 1
        return np.asarray(FRAMES[index], np.uint8)

    def __iter__(self) -> Iterator[Frame]:
        return (self[index] for index in range(len(FRAMES)))


def test_frames_are_read_in_any_order_and_made_once() -> None:
    frames, heard = CountedFrames(), []
    with spooled(frames, lambda done, total, _: heard.append((done, total))) as ready:
        assert frames.made == [2, 1, 1, 1, 1, 1, 1]  # the first also for its shape
        assert np.array_equal(np.stack(list(ready)), FRAMES)
        assert np.array_equal(ready[5], FRAMES[5])
        assert np.array_equal(ready[-1], FRAMES[-1])
        assert len(ready) == 7
        with pytest.raises(IndexError):
            ready[7]
    assert heard == [(done, 7) for done in range(1, 8)]


def test_a_full_disk_is_said_to_be_one(monkeypatch: pytest.MonkeyPatch) -> None:
    class FullFile:
        def __enter__(self) -> FullFile:
            return self

        def __exit__(self, *_: object) -> None: ...

        def write(self, _: object) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    def full(**_: object) -> BinaryIO:
        return FullFile()  # type: ignore[return-value]  # what is used of one

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    with (
        pytest.raises(GenerationFailed, match="failed_storage"),
        spooled(CountedFrames(), lambda *_: None),
    ):
        pass


def test_what_the_listener_raises_ends_the_work() -> None:
    def stop(done: int, *_: object) -> None:
        if done == 3:
            raise ZeroDivisionError

    frames = CountedFrames()
    with pytest.raises(ZeroDivisionError), spooled(frames, stop):
        pass
    assert sum(frames.made) == 4


def test_without_a_finish_the_frames_are_read_where_they_are() -> None:
    with finished(FRAMES, 8, None, lambda *_: pytest.fail("there is no step")) as same:
        assert same.frames is FRAMES
