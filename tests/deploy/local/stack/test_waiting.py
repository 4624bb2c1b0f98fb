"""Waiting for a value, and for the first of several results."""

import asyncio

import pytest

from deploy.local.stack.waiting import poll
from storage.tasks import first_completed


async def test_a_poll_in_vain_names_what_is_missing() -> None:
    with pytest.raises(TimeoutError, match="for the moon"):
        await poll(lambda: None, 0.01, "the moon")


async def test_a_poll_returns_a_value_that_comes_later() -> None:
    found: list[int] = []
    asyncio.get_running_loop().call_later(0.1, found.append, 7)
    assert await poll(lambda: found, 5, "a number") == [7]


async def test_the_first_result_is_returned_and_the_others_are_cancelled() -> None:
    cancelled = asyncio.Event()

    async def wait_forever() -> int:
        try:
            return await asyncio.Future[int]()
        finally:
            cancelled.set()

    assert await first_completed(wait_forever(), asyncio.sleep(0, 7)) == 7
    assert cancelled.is_set()


async def test_the_first_error_is_raised_and_a_shielded_task_goes_on() -> None:
    shielded = asyncio.create_task(asyncio.Event().wait())
    with pytest.raises(TimeoutError):
        await first_completed(asyncio.shield(shielded), poll(lambda: None, 0.01, "the moon"))
    assert not shielded.done()
    shielded.cancel()
