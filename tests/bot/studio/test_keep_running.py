"""Work in the background goes on after errors, says what failed, and ends when it is cancelled."""

from __future__ import annotations

import asyncio

import pytest

from bot.studio.keep_running import MOST_INTERVALS, keep_running
from storage.domain.errors import Unavailable


async def test_it_goes_on_after_errors_until_it_is_cancelled(
    caplog: pytest.LogCaptureFixture,
) -> None:
    broken, away = ValueError("a damaged row"), Unavailable("unavailable_database")
    outcomes: list[Exception | None] = [broken] * 5
    outcomes += [KeyError("another"), away, broken, None, broken]
    left, slept, pauses = iter(outcomes), asyncio.Event(), list[float]()

    async def step() -> None:
        error = next(left)
        if error is not None:
            raise error

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == len(outcomes):
            slept.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(keep_running(step, 3.0, "rows are read later", sleep=sleep))
    await slept.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    longest = 3.0 * MOST_INTERVALS
    assert pauses == [6.0, 12.0, *(longest,) * 4, 3.0, 6.0, 3.0, 6.0]
    errors = [record.exc_info[1] for record in caplog.records if record.exc_info]
    assert errors == [broken, outcomes[5], broken, broken]
    assert {record.message for record in caplog.records} == {"rows are read later"}
