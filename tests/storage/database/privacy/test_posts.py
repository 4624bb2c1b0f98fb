"""Copies of a clip and reports go with their job, as far as they are to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from storage.database.jobs import Jobs
from storage.domain.clip import Failure
from storage.domain.errors import JobGone
from storage.domain.privacy.leftover import LeftoverKind
from storage.domain.privacy.post import Post, PostKind
from tests.support.examples import JOB

COPY = Post(JOB.id, "discord", "5", "51")
REPORT = Post(JOB.id, "discord", "6", "61", PostKind.REPORT)
ANSWER = (JOB.reply_to.channel, JOB.reply_to.message)


@pytest.fixture
async def posted(jobs: Jobs) -> Jobs:
    """A job that has ended, with a copy and a report."""
    await jobs.add(JOB)
    await jobs.finish(JOB.id, Failure("failed_memory"), 14.0)
    for post in (COPY, REPORT, replace(COPY, message="52"), COPY):
        await jobs.privacy.posts.add(post)
    return jobs


async def going(jobs: Jobs) -> list[tuple[str, str]]:
    """Return channel and id of the messages that are to be deleted."""
    due = await jobs.privacy.leftovers.due((LeftoverKind.MESSAGE,), 1.0)
    assert {left.front for left in due} <= {"discord"}
    return sorted((left.place, left.name) for left in due)


async def test_all_go_with_a_forgotten_person(posted: Jobs) -> None:
    await posted.privacy.erasures.erase_jobs(JOB.owner, 15.0, JOB.created)
    assert await going(posted) == [ANSWER, ("5", "51"), ("5", "52"), ("6", "61")]


async def test_copies_go_with_a_deleted_clip_and_reports_with_its_owner(posted: Jobs) -> None:
    await posted.forget(JOB.id)
    assert await going(posted) == [("5", "51"), ("5", "52")]
    await posted.privacy.erasures.erase_jobs(JOB.owner, 15.0, JOB.created)
    assert await going(posted) == [("5", "51"), ("5", "52"), ("6", "61")]


async def test_what_stays_shown_of_an_old_clip_goes_with_its_owner(posted: Jobs) -> None:
    await posted.forget(JOB.id, shown=True)
    assert await going(posted) == []
    await posted.privacy.erasures.erase_jobs(JOB.owner, 15.0, JOB.created)
    assert await going(posted) == [ANSWER, ("5", "51"), ("5", "52"), ("6", "61")]


async def test_nothing_is_recorded_of_a_deleted_job(posted: Jobs) -> None:
    await posted.forget(JOB.id)
    with pytest.raises(JobGone):
        await posted.privacy.posts.add(replace(COPY, message="53"))
