"""What is ordered, found again or shown elsewhere is held to the rules of the place."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.metrics import BotMetrics
from bot.studio.clips.finish_action import FinishAction
from bot.studio.content.content_rules import ContentRules
from bot.studio.content.word_list import WordList
from bot.studio.options import Options
from bot.studio.orders.order_draft import OrderDraft, Requester
from storage.domain.clip import Failure
from storage.domain.errors import BadEndPicture, BadPicture, BadRequest, NotAllowed, Unavailable
from storage.domain.job import Job, Status
from storage.domain.models.style import Style
from storage.domain.trust.audit import AuditEntry
from storage.domain.trust.filter_level import CONTENT_REFUSED, FilterLevel
from storage.domain.trust.place import Place
from tests.support.backend import Backend, open_backend, png, requester, until
from tests.support.pictures.filters import RedChecker

GUILD = "9"
RED, PINK, BLUE = png((64, 64), "#ff0000"), png((64, 64), "#ff8080"), png((64, 64), "#0000ff")
PLAIN = Place(GUILD, "1")
RESTRICTED = Place(GUILD, "2", age_restricted=True)
WAVES = Options(prompt="waves, zoom in")


@pytest.fixture
def checker() -> RedChecker:
    return RedChecker()


@pytest.fixture
async def backend(
    tmp_path: Path, redis_url: str, mp4: bytes, checker: RedChecker
) -> AsyncIterator[Backend]:
    rules = ContentRules(checker, words=WordList.read(["dragons"]))
    async with open_backend(tmp_path, redis_url, mp4, rules=rules) as backend:
        yield backend


def at(place: Place, owner: str = "1") -> Requester:
    return replace(requester(owner), place=place)


async def set_policy(backend: Backend, guild: str = GUILD, **fields: Any) -> None:
    await backend.studio.policies.change(guild, "1", lambda policy: replace(policy, **fields))


async def made(backend: Backend, place: Place, picture: bytes, options: Options = WAVES) -> Job:
    """Return the job of a clip that was ordered in a place, and is made."""
    job = await backend.studio.orders.submit(at(place), picture, options)
    async with backend.running():
        await until(backend.all_jobs_ended)
    return await backend.studio.job(job.id)


async def ordered(backend: Backend) -> int:
    """Return how many orders there are."""
    return sum((await backend.studio.reports.of_person("1")).counts.values())


async def charged(backend: Backend, job: Job) -> int:
    """Return the credits that are spent and reserved after a job's end."""
    allowance = await backend.jobs.sums.allowance(job.owner, job.ended)
    return allowance.spent + allowance.reserved


async def refusals(backend: Backend, guild: str = GUILD) -> list[AuditEntry]:
    """Return what was refused in a server, the first at first."""
    found = await backend.studio.audit.page(guild, 50)
    return [entry for entry in reversed(found) if entry.action.startswith("refused_")]


async def test_a_refused_picture_costs_nothing_and_moderators_are_told(
    backend: Backend, checker: RedChecker
) -> None:
    with pytest.raises(BadPicture, match="picture_refused"):
        await backend.studio.orders.submit(at(PLAIN), RED, WAVES)
    assert await ordered(backend) == 0
    [entry] = await refusals(backend)
    assert (entry.action, entry.actor) == ("refused_picture", "1")
    assert entry.detail == {"channel": "1"}
    assert backend.studio.content.refused["picture"] == 1
    job = await backend.studio.orders.submit(at(PLAIN), BLUE, WAVES)
    assert job.request.content_limit == 0.7


async def test_an_end_picture_is_looked_at_too(backend: Backend) -> None:
    with pytest.raises(BadEndPicture, match="picture_refused"):
        await backend.studio.orders.submit(at(PLAIN), BLUE, WAVES, RED)


async def test_a_server_may_be_stricter(backend: Backend) -> None:
    assert (await backend.studio.orders.submit(at(PLAIN), PINK, WAVES)).status is Status.QUEUED
    await set_policy(backend, filter_level="strict")
    with pytest.raises(BadPicture, match="picture_refused"):
        await backend.studio.orders.submit(at(PLAIN), PINK, WAVES)


async def test_the_filter_is_off_only_where_the_channel_is_age_restricted(
    backend: Backend, checker: RedChecker
) -> None:
    await set_policy(backend, filter_level="off")
    job = await backend.studio.orders.submit(at(RESTRICTED), RED, WAVES)
    assert (job.request.content_limit, checker.asked) == (0.0, 0)
    for place in (PLAIN, Place()):
        with pytest.raises(BadPicture, match="picture_refused"):
            await backend.studio.orders.submit(at(place), RED, WAVES)
    await set_policy(backend, "", filter_level="off")  # the operators', for direct messages
    assert (
        await backend.studio.orders.submit(at(Place()), RED, WAVES)
    ).request.content_limit == 0.0


async def test_the_operators_floor_holds_everywhere(
    tmp_path: Path, redis_url: str, mp4: bytes, checker: RedChecker
) -> None:
    rules = ContentRules(checker, FilterLevel.STRICT)
    async with open_backend(tmp_path, redis_url, mp4, rules=rules) as backend:
        await set_policy(backend, filter_level="off")
        with pytest.raises(BadPicture, match="picture_refused"):
            await backend.studio.orders.submit(at(RESTRICTED), PINK, WAVES)


async def test_what_is_unchecked_is_no_cached_answer_where_it_would_be_looked_at(
    backend: Backend,
) -> None:
    await set_policy(backend, filter_level="off")
    again = WAVES.replace(seed=5)
    unchecked = await made(backend, RESTRICTED, BLUE, again)
    assert unchecked.clip is not None
    assert unchecked.clip.content_score is None
    assert (await backend.studio.orders.submit(at(RESTRICTED), BLUE, again)).cached
    backend.worker.score = 0.5
    fresh = await made(backend, PLAIN, BLUE, again)
    assert (fresh.cached, fresh.status) == (False, Status.DONE)
    assert (await backend.studio.orders.submit(at(PLAIN), BLUE, again)).cached
    await set_policy(backend, filter_level="strict")
    assert not (await backend.studio.orders.submit(at(PLAIN), BLUE, again)).cached


Again = Callable[[Backend, Job], Awaitable[Job]]
WAYS: tuple[Again, ...] = (
    lambda backend, job: backend.studio.follow_ups.retry(job.id, at(PLAIN)),
    lambda backend, job: backend.studio.follow_ups.tweak(job.id, at(PLAIN), WAVES),
    lambda backend, job: backend.studio.follow_ups.extend(job.id, at(PLAIN), WAVES),
    lambda backend, job: backend.studio.follow_ups.finish(job.id, at(PLAIN), FinishAction.REVERSE),
)


async def test_what_may_be_made_in_one_place_is_not_made_again_in_another(
    backend: Backend,
) -> None:
    await set_policy(backend, filter_level="off")
    job = await made(backend, RESTRICTED, RED)
    for order_again in WAYS:
        with pytest.raises(BadPicture, match="picture_refused"):
            await order_again(backend, job)


async def test_a_choice_is_held_to_the_place_where_it_is_made(backend: Backend) -> None:
    await set_policy(backend, filter_level="off")
    drafts = await made(backend, RESTRICTED, RED, WAVES.replace(candidates=2, choose="me"))
    with pytest.raises(BadPicture, match="picture_refused"):
        await backend.studio.follow_ups.choose(drafts.id, 1, at(PLAIN))
    assert await backend.studio.follow_ups.choose(drafts.id, 1, at(RESTRICTED))


async def test_an_unchecked_clip_is_shown_only_where_it_was_made(backend: Backend) -> None:
    await set_policy(backend, filter_level="off")
    content, job = backend.studio.content, await made(backend, RESTRICTED, BLUE)
    job = replace(job, reply_to=replace(job.reply_to, channel=RESTRICTED.channel))
    for place in (PLAIN, Place(channel="3")):
        with pytest.raises(NotAllowed, match="denied_clip_unchecked"):
            await content.check_shown(place, job)
        with pytest.raises(NotAllowed, match="denied_clip_unchecked"):
            await content.check_public(at(place), job)
    await content.check_public(at(RESTRICTED), job)
    assert not await content.fits_direct_messages(job)
    await set_policy(backend, filter_level="normal")
    await content.check_shown(RESTRICTED, job)
    with pytest.raises(NotAllowed):
        await content.check_public(at(RESTRICTED), job)
    checked = await made(backend, PLAIN, BLUE)
    await content.check_public(at(Place(channel="3")), checked)
    assert await content.fits_direct_messages(checked)


async def test_a_clip_that_its_worker_did_not_look_at_is_not_taken(backend: Backend) -> None:
    backend.worker.score = None
    job = await made(backend, PLAIN, BLUE)
    assert (job.status, job.failure) == (Status.FAILED, Failure("failed_unchecked"))
    assert await charged(backend, job) == 0


async def test_a_refused_clip_is_refunded_noted_and_not_simply_tried_again(
    backend: Backend,
) -> None:
    backend.worker.failure = Failure(CONTENT_REFUSED)
    content = backend.studio.content
    job = await made(backend, PLAIN, BLUE)
    assert job.failure == Failure(CONTENT_REFUSED)
    assert await charged(backend, job) == 0
    await content._note(job)
    [entry] = await refusals(backend, "")  # of no server, as its reply says
    assert (entry.action, entry.subject) == ("refused_frames", job.id)
    assert content.refused["frames"] == 1
    with pytest.raises(BadRequest, match="request_retry_refused"):
        await backend.studio.follow_ups.retry(job.id, at(PLAIN))


async def test_a_refused_story_ends_at_once(backend: Backend) -> None:
    backend.worker.failure = Failure(CONTENT_REFUSED)
    job = await made(backend, PLAIN, BLUE, Options(prompt="waves\nwind", story=1))
    assert (job.status, job.attempt) == (Status.FAILED, 1)


async def test_nothing_is_ordered_while_the_filter_does_not_answer(
    backend: Backend, checker: RedChecker
) -> None:
    checker.broken = True
    with pytest.raises(Unavailable, match="unavailable_filter"):
        await backend.studio.orders.submit(at(PLAIN), BLUE, WAVES)
    assert await ordered(backend) == 0
    checker.broken = False
    assert await backend.studio.orders.submit(at(PLAIN), BLUE, WAVES)


async def test_a_picture_is_looked_at_once(backend: Backend, checker: RedChecker) -> None:
    job = await made(backend, PLAIN, BLUE)
    await backend.studio.follow_ups.retry(job.id, at(PLAIN))
    assert checker.asked == 1


@pytest.mark.parametrize(
    ("options", "entry"),
    [
        (Options(prompt="dragons by the sea"), "dragons"),
        (Options(prompt="waves\nDRAGONS", story=1), "dragons"),
        (Options(prompt="a knight in armour"), "/kni.ht/"),
        (Options(prompt="a naked child"), "minors"),
    ],
)
async def test_words_of_the_operator_and_the_server_are_refused(
    backend: Backend, options: Options, entry: str
) -> None:
    await set_policy(backend, words=("/kni.ht/", "/(/"))
    with pytest.raises(BadRequest, match=r"request_(words|minors)"):
        await backend.studio.orders.submit(at(PLAIN), BLUE, options)
    [found] = await refusals(backend)
    assert found.detail == {"channel": "1", "entry": entry}
    assert str(options.get("prompt")) not in repr(found)


async def test_words_are_refused_only_where_somebody_asks_for_them(backend: Backend) -> None:
    await set_policy(backend, words=("knight",))
    knight = Options(prompt="a knight")
    assert await backend.studio.orders.submit(at(Place("8", "1")), BLUE, knight)
    assert await backend.studio.orders.submit(
        at(PLAIN), BLUE, Options(prompt="waves", negative_prompt="dragons, a knight")
    )


async def test_what_is_refused_is_counted(backend: Backend) -> None:
    for picture, prompt in ((RED, "waves"), (BLUE, "dragons"), (BLUE, "a naked child")):
        with pytest.raises((BadPicture, BadRequest)):
            await backend.studio.orders.submit(at(PLAIN), picture, Options(prompt=prompt))
    metrics = BotMetrics(
        *(backend.jobs, backend.queue, set(), backend.scaling()),
        refused=backend.studio.content.refused,
    )
    [family] = [one for one in metrics.collect() if one.name == "mutoscope_refused"]
    assert {one.labels["what"]: one.value for one in family.samples} == {
        **{"words": 2, "picture": 1},
        **{"frames": 0, "shown": 0},
    }


async def test_the_name_of_a_style_is_held_to_the_words(backend: Backend) -> None:
    request = (await backend.studio.orders.draft(at(PLAIN), BLUE, WAVES)).request
    draft = OrderDraft(replace(request, style=Style("Dragons")), at(PLAIN).reply_to, BLUE)
    with pytest.raises(BadRequest, match="request_words"):
        await backend.studio.orders.place(at(PLAIN), [draft])
