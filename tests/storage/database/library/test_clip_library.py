"""A person's clips page by page, found by their prompts, and what was made from what."""

from __future__ import annotations

from dataclasses import replace

import pytest

from storage.database.jobs import Jobs
from storage.database.library import clip_library
from storage.database.library.clip_library import CHILDREN, PAGE
from storage.domain.clip import Failure
from storage.domain.library.pages import ClipPage, PageRequest
from tests.support.examples import CLIP, JOB, REQUEST, job


async def add_clips(jobs: Jobs, count: int, owner: str = "ann", prompt: str = "zoom in") -> None:
    """Add finished clips, named by the owner and a number, each a second after the one before."""
    for number in range(count):
        name = f"{owner}{number:02}"
        request = replace(REQUEST, prompt=prompt, seed=number)
        await jobs.add(replace(job(name, owner), request=request, cost=0))
        await jobs.finish(name, CLIP, 100.0 + number)


def numbers(page: ClipPage) -> list[int]:
    return [int(one.id[3:]) for one in page.jobs]


async def test_pages_hold_every_clip_once_the_newest_first_there_and_back(jobs: Jobs) -> None:
    await add_clips(jobs, 2 * PAGE + 3)
    await add_clips(jobs, 1, owner="bob")
    pages = [await jobs.library.page(PageRequest("ann"))]
    while pages[-1].older:
        pages.append(await jobs.library.page(PageRequest("ann", pages[-1].older)))
    assert [number for page in pages for number in numbers(page)] == [*range(2 * PAGE + 2, -1, -1)]
    assert [len(page.jobs) for page in pages] == [PAGE, PAGE, 3]
    back = [pages[-1]]
    while back[-1].newer:
        back.append(await jobs.library.page(PageRequest("ann", back[-1].newer, newer=True)))
    assert back[::-1] == pages


async def test_clips_of_one_moment_are_all_listed(jobs: Jobs) -> None:
    for number in range(PAGE + 2):
        await jobs.add(replace(job(f"ann{number:02}"), cost=0))
        await jobs.finish(f"ann{number:02}", CLIP, 100.0)
    first = await jobs.library.page(PageRequest("ann"))
    second = await jobs.library.page(PageRequest("ann", first.older))
    assert sorted(numbers(first) + numbers(second)) == [*range(PAGE + 2)]


async def test_a_page_goes_on_after_a_clip_that_was_deleted_or_is_unknown(jobs: Jobs) -> None:
    await add_clips(jobs, PAGE + 1)
    older = (await jobs.library.page(PageRequest("ann"))).older
    await jobs.forget(older)
    assert numbers(await jobs.library.page(PageRequest("ann", older))) == [0]
    newest = await jobs.library.page(PageRequest("ann"))
    assert await jobs.library.page(PageRequest("ann", "unknown")) == newest
    assert await jobs.library.page(PageRequest("bob", older)) == ClipPage()


async def test_what_failed_was_deleted_or_is_left_out_is_not_listed(jobs: Jobs) -> None:
    await add_clips(jobs, 3)
    await jobs.forget("ann00")
    await jobs.add(job("failed"))
    await jobs.finish("failed", Failure("failed_memory"), 500.0)
    page = await jobs.library.page(PageRequest("ann", without=["ann02"]))
    assert numbers(page) == [1]


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("CAT", [0]),
        ("cat window", [0]),
        ("window cat", [0]),
        ("cat dog", []),
        ("推近", [1]),
        ('say "hi"', [2]),
        ("100%_\\", [3]),
        ("embedded", []),
    ],
)
async def test_clips_are_found_by_words_of_their_prompts_alone(
    jobs: Jobs, search: str, found: list[int]
) -> None:
    prompts = ["a Cat at the window", "小猫，镜头推近", 'say "hi", zoom in', "100%_\\ zoom in"]
    for number, prompt in enumerate(prompts):
        one = replace(job(f"ann{number:02}"), request=replace(REQUEST, prompt=prompt), cost=0)
        await jobs.add(one)
        await jobs.finish(one.id, CLIP, 100.0 + number)
    assert numbers(await jobs.library.page(PageRequest("ann", search=search))) == found


async def test_a_search_reads_so_many_prompts_at_once_and_goes_on(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clip_library, "SEARCHED", 4)
    await add_clips(jobs, 1, prompt="a cat")
    await jobs.library.page(PageRequest("ann"))
    for number in range(1, 8):
        await jobs.add(replace(job(f"ann{number:02}"), cost=0))
        await jobs.finish(f"ann{number:02}", CLIP, 100.0 + number)
    first = await jobs.library.page(PageRequest("ann", search="cat"))
    assert (numbers(first), first.older) == ([], "ann04")
    second = await jobs.library.page(PageRequest("ann", first.older, search="cat"))
    assert numbers(second) == [0]


async def test_a_search_has_pages_too(jobs: Jobs) -> None:
    await add_clips(jobs, PAGE + 2, prompt="a cat")
    first = await jobs.library.page(PageRequest("ann", search="cat"))
    second = await jobs.library.page(PageRequest("ann", first.older, search="cat"))
    assert numbers(second) == [1, 0]
    back = await jobs.library.page(PageRequest("ann", second.newer, newer=True, search="cat"))
    assert back == first


async def test_children_are_the_jobs_that_were_made_from_one(jobs: Jobs) -> None:
    await jobs.add(JOB)
    for number in range(CHILDREN + 2):
        child = replace(job(f"child{number:02}", created=JOB.created + number), parent=JOB.id)
        await jobs.add(replace(child, cost=0, cached=True))
    await jobs.forget("child21")
    found = [one.id for one in await jobs.library.children(JOB.id)]
    assert found == [f"child{number:02}" for number in range(CHILDREN, 0, -1)]
    assert await jobs.library.children("") == []


async def test_a_picture_is_known_by_the_orders_of_one_person(jobs: Jobs) -> None:
    await jobs.add(JOB)
    assert await jobs.library.order_with(REQUEST.picture, JOB.owner) == JOB
    assert await jobs.library.order_with(REQUEST.picture, "bob") is None
    assert await jobs.library.order_with("f" * 64, JOB.owner) is None
    await jobs.forget(JOB.id)
    assert await jobs.library.order_with(REQUEST.picture, JOB.owner) is None
