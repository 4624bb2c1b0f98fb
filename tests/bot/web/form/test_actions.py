"""The buttons of clips: what each orders, and what it fills in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.studio.options import Options
from bot.web.files.pictures import PictureUploads
from bot.web.form.actions import Actions
from bot.web.form.choice import PictureChoice
from bot.web.form.ordering import Ordering
from bot.web.orders.live_orders import LiveOrders
from storage.domain.errors import BadEndPicture, BadPicture, BadRequest, JobGone
from storage.domain.finish import Finish
from storage.domain.job import Job
from storage.domain.picture import TextToImage
from tests.bot.studio.library.test_reuse import file_of
from tests.support.backend import Backend, png, until


@pytest.fixture
async def ordering(backend: Backend) -> AsyncIterator[Ordering]:
    with PictureUploads() as uploads:
        async with backend.running():
            yield Ordering(backend.studio, LiveOrders(backend.studio), uploads, "web:ada", "en")


async def clip(backend: Backend, ordering: Ordering, **options: int) -> Job:
    """Order a clip at the page and wait for it."""
    key = await ordering.uploads.put(ordering.owner, png())
    [job] = await ordering.place(PictureChoice((key,)), Options("zoom in", **options))
    await until(backend.all_jobs_ended)
    return await backend.studio.job(job.id)


async def test_tweak_and_extend_fill_the_form_and_order_what_it_says(
    backend: Backend, ordering: Ordering
) -> None:
    made, actions = await clip(backend, ordering, steps=6), Actions(ordering)
    tweak = await actions.do("tweak", made.id, "")
    assert tweak is not None
    assert tweak.choice == PictureChoice(job=made.id)
    assert (tweak.prompt, tweak.options["steps"]) == ("zoom in", 6)
    [tweaked] = await ordering.place(tweak.choice, tweak.options.replace(steps=5))
    assert (tweaked.parent, tweaked.request.steps) == (made.id, 5)
    extend = await actions.do("extend", made.id, "")
    assert extend is not None
    assert extend.choice == PictureChoice(extends=made.id)
    [longer] = await ordering.place(PictureChoice(extends=made.id), extend.options)
    assert made.clip is not None
    assert longer.request.source == made.clip.blob


async def test_finishing_and_another_try_are_orders_of_their_own(
    backend: Backend, ordering: Ordering
) -> None:
    made, actions = await clip(backend, ordering), Actions(ordering)
    assert await actions.do("again", made.id, "") is None
    assert await actions.do("finish", made.id, "loop") is None
    await until(backend.all_jobs_ended)
    children = await backend.studio.library.children(made.id)
    assert {one.request.finish for one in children} == {None, Finish(loop=True)}


async def test_a_draft_is_chosen_by_its_number(backend: Backend, ordering: Ordering) -> None:
    drafts = await clip(backend, ordering, candidates=2)
    await Actions(ordering).do("choose", drafts.id, "2")
    await until(backend.all_jobs_ended)
    [chosen] = await backend.studio.library.children(drafts.id)
    assert drafts.clip is not None
    assert chosen.request.seed == drafts.clip.candidates[1].seed


async def test_a_clips_file_fills_in_its_settings_and_its_known_picture(
    backend: Backend, ordering: Ordering
) -> None:
    made = await clip(backend, ordering, steps=7)
    key = await ordering.uploads.put(ordering.owner, file_of(made.request))
    filled = await Actions(ordering).do("reuse", "", key)
    assert filled is not None
    assert (filled.options["steps"], filled.choice) == (7, PictureChoice(job=made.id))


async def test_nobody_touches_what_is_another_persons(backend: Backend, ordering: Ordering) -> None:
    made = await clip(backend, ordering)
    bob = Actions(Ordering(backend.studio, ordering.live, ordering.uploads, "web:bob", "en"))
    for name in ("again", "tweak", "extend", "choose", "finish", "cancel", "delete"):
        with pytest.raises(JobGone, match="job_unknown"):
            await bob.do(name, made.id, "loop")
    with pytest.raises(JobGone, match="job_unknown"):
        await bob.ordering.place(PictureChoice(job=made.id), Options("zoom in"))
    assert (await backend.studio.job(made.id)).clip is not None


async def test_several_pictures_are_ordered_all_or_none(
    backend: Backend, ordering: Ordering
) -> None:
    keys = [await ordering.uploads.put("web:ada", png(colour=one)) for one in ("red", "blue")]
    jobs = await ordering.place(PictureChoice(tuple(keys)), Options("zoom in"))
    assert len({job.request.picture for job in jobs}) == 2


@pytest.mark.parametrize(
    "value",
    [
        {"uploads": ["../etc/passwd"]},
        {"uploads": ["0" * 64] * 9},
        {"job": "x"},
        {"end": "y"},
        {"end_of": "0" * 64},
    ],
)
def test_what_no_page_of_ours_sends_is_refused(value: object) -> None:
    with pytest.raises(BadRequest):
        PictureChoice.read(value)


async def test_nothing_is_ordered_while_a_picture_is_on_its_way(ordering: Ordering) -> None:
    key = await ordering.uploads.put(ordering.owner, png())
    shown = PictureChoice((key,)).write()
    with pytest.raises(BadPicture, match="page_uploading"):
        await ordering.place(PictureChoice.read({**shown, "uploading": True}), Options("zoom in"))
    assert await ordering.place(PictureChoice.read(shown), Options("zoom in"))


async def test_delete_takes_the_upload_too(backend: Backend, ordering: Ordering) -> None:
    made = await clip(backend, ordering)
    await ordering.uploads.get("web:ada", made.request.picture)
    await Actions(ordering).do("delete", made.id, "")
    with pytest.raises(BadPicture):
        await ordering.uploads.get("web:ada", made.request.picture)


async def test_a_story_stays_one_until_it_is_unticked_and_goes_on_as_a_clip(
    backend: Backend, ordering: Ordering
) -> None:
    key = await ordering.uploads.put("web:ada", png())
    told = Options("zoom in\npan left", story=1)
    [job] = await ordering.place(PictureChoice((key,)), told)
    await until(backend.all_jobs_ended)
    made, actions = await backend.studio.job(job.id), Actions(ordering)
    assert made.request.segment_count == 2
    tweak = await actions.do("tweak", made.id, "")
    assert tweak is not None
    assert (tweak.prompt, tweak.options["story"]) == ("zoom in\npan left", 1)
    again = [
        (await ordering.place(PictureChoice(job=made.id), tweak.options.replace(story=story)))[0]
        for story in (1, 0)
    ]
    assert [one.request.segment_count for one in again] == [2, 0]
    extend = await actions.do("extend", made.id, "")
    assert extend is not None
    assert (extend.prompt, extend.options.get("story")) == ("pan left", 0)
    [longer] = await ordering.place(PictureChoice(extends=made.id), extend.options)
    assert made.clip is not None
    assert (longer.request.source, longer.request.segments) == (made.clip.blob, ())
    with pytest.raises(BadRequest, match="request_story"):
        await ordering.place(PictureChoice((key,)), Options("zoom in", story=1))


async def test_a_clip_ends_with_a_picture_of_another_one_of_its_person(
    backend: Backend, ordering: Ordering
) -> None:
    keys = [await ordering.uploads.put("web:ada", png(colour=one)) for one in ("red", "blue")]
    [red] = await ordering.place(PictureChoice((keys[0],)), Options("zoom in"))
    chosen = PictureChoice.read(PictureChoice((keys[1],), end_of=red.id).write())
    [blue] = await ordering.place(chosen, Options("zoom in"))
    assert blue.request.end_picture == keys[0]
    await until(backend.all_jobs_ended)
    tweak = await Actions(ordering).do("tweak", blue.id, "")
    assert tweak is not None
    assert tweak.choice == PictureChoice(job=blue.id, end_of=blue.id, end_last=True)
    placed = [
        (await ordering.place(choice, tweak.options.replace(seed=seed)))[0]
        for seed, choice in enumerate((tweak.choice, PictureChoice(job=blue.id)))
    ]
    assert [one.request.end_picture for one in placed] == [keys[0], ""]
    file = await ordering.uploads.put("web:ada", file_of(blue.request))
    reused = await Actions(ordering).do("reuse", "", file)
    assert reused is not None
    assert reused.choice is not None
    assert reused.choice.end_last
    bob = Ordering(backend.studio, ordering.live, ordering.uploads, "web:bob", "en")
    own = await bob.uploads.put("web:bob", png())
    with pytest.raises(JobGone, match="job_unknown"):
        await bob.place(PictureChoice((own,), end_of=red.id), Options("zoom in"))
    with pytest.raises(BadEndPicture, match="picture_gone"):
        await ordering.place(PictureChoice(tuple(keys), end_of=red.id, end_last=True), Options("a"))


async def test_an_end_picture_alone_is_not_passed_over_for_words(ordering: Ordering) -> None:
    orders = ordering.studio.orders
    orders.admission = replace(orders.admission, text_to_image=TextToImage("a-model", 1, 0.0))
    end = await ordering.uploads.put(ordering.owner, png())
    with pytest.raises(BadPicture, match="page_picture_needed"):
        await ordering.place(PictureChoice(end=end), Options("zoom in"))
    assert len(await ordering.place(PictureChoice(), Options("zoom in"))) == 1
