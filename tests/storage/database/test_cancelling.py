"""A transaction that is cancelled, wherever it waits, is rolled back and holds no lock."""

from __future__ import annotations

import asyncio
import types
from collections.abc import AsyncIterator, Coroutine, Generator
from typing import Any

import pytest

from storage.database.connect import open_database
from storage.database.jobs import Jobs
from storage.domain.catalogue import Catalogue
from tests.support.examples import job

PATIENCE = 120.0  # seconds; SQLite itself raises an error where a lock is held for 30


@pytest.fixture
async def other(migrated_url: str, jobs: Jobs, catalogue: Catalogue) -> AsyncIterator[Jobs]:
    """The jobs as another process has them, opened after the first has made the tables."""
    engine = await open_database(migrated_url)
    yield Jobs(engine, catalogue)
    await engine.dispose()


@types.coroutine
def cancelled_at(
    waits: set[int], late: bool, work: Coroutine[Any, Any, object]
) -> Generator[Any, Any, None]:
    """Do the work, and cancel it at these waits; where it is late, what it waited for is done."""
    task, count = asyncio.current_task(), 0
    assert task is not None
    step, value = work.send, None
    while True:
        try:
            waited_for = step(value)
        except StopIteration:
            return
        count += 1
        if count in waits and late and waited_for is not None:
            waited_for.add_done_callback(lambda _: task.cancel())
        elif count in waits:
            asyncio.get_running_loop().call_soon(task.cancel)
        try:
            step, value = work.send, (yield waited_for)
        except BaseException as error:
            step, value = work.throw, error


async def outcome(work: Coroutine[Any, Any, object], waits: set[int], late: bool) -> Any:
    """Cancel the work at these waits; return its error, None where it ended before."""

    async def done() -> None:
        await cancelled_at(waits, late, work)

    [error] = await asyncio.gather(asyncio.create_task(done()), return_exceptions=True)
    return error


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("again", [0, 1])
async def test_a_cancelled_write_holds_no_lock(
    jobs: Jobs, other: Jobs, again: int, late: bool
) -> None:
    kept = []  # as a log record may: it keeps the statements that were open from being collected
    for wait in range(1, 200):
        error = await outcome(jobs.add(job(f"j{wait}")), {wait, wait + again}, late)
        kept.append(error)
        async with asyncio.timeout(PATIENCE):
            await other.check_writable()
            await jobs.check_writable()
        if error is None:
            break
        assert isinstance(error, asyncio.CancelledError)
    assert 10 < wait < 199
