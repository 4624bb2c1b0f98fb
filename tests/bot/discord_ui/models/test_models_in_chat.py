"""Two models beside each other in the local Discord: what people see, choose and get."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.studio import wait_forecast
from bot.studio.options import Options
from deploy.local.clip_messages import buttons_of, clip_of
from deploy.local.discord import Json
from deploy.local.discord.state.guild import ADA
from storage.domain.clip import Clip
from storage.domain.job import Job
from storage.domain.models.served_model import ServedModel
from storage.queue.messages.outcomes import HANDED_BACK
from tests.bot.discord_ui.library.test_reuse import file_of, inputs_of
from tests.support.backend import Backend, open_backend, png, until
from tests.support.catalogue.admission import admit
from tests.support.catalogue.two_models import TWIN, write_two_models
from tests.support.discord.local_chat import LocalChat, open_local_chat


@pytest.fixture
async def backend(
    request: pytest.FixtureRequest, tmp_path: Path, redis_url: str, mp4: bytes
) -> AsyncIterator[Backend]:
    file, on_demand = write_two_models(tmp_path), getattr(request, "param", "")
    async with open_backend(
        *(tmp_path, redis_url, mp4),
        models=TWIN,
        models_on_demand=on_demand,
        generation_file=file,
    ) as opened:
        yield opened


@pytest.fixture
async def chat(backend: Backend, tmp_path: Path) -> AsyncIterator[LocalChat]:
    async with open_local_chat(backend, tmp_path) as opened:
        yield opened


async def offered(chat: LocalChat, text: str = "", command: str = "animate") -> list[str]:
    """Return what the option model is completed with."""
    return [one["name"] for one in await chat.ada.complete(command, "model", text)]


async def all_served(backend: Backend, count: int) -> bool:
    return len(await backend.queue.workers_by_model()) == count


async def job_of(chat: LocalChat, message: str) -> Job:
    """Return the job that a message in Ada's channel shows."""
    job = await chat.backend.jobs.search.by_message("discord", chat.ada.channel, message)
    assert job is not None
    return job


async def shown(chat: LocalChat, message: str, text: str) -> Json:
    """Wait until a message shows a text, wherever in it."""
    return await chat.ada.wait_for_message(
        message, lambda seen: text in json.dumps(seen, ensure_ascii=False)
    )


async def test_a_model_is_chosen_by_its_price_and_by_who_serves_it(chat: LocalChat) -> None:
    assert await offered(chat) == [
        "embedded · 7 credits · no worker runs now",
        "twin · 21 credits · no worker runs now",
    ]
    await chat.order(model=TWIN)
    async with chat.backend.running_worker(TWIN):
        await until(lambda: all_served(chat.backend, 1))
        assert await offered(chat) == [
            "twin · 21 credits · 1 waiting",
            "embedded · 7 credits · no worker runs now",
        ]
        assert await offered(chat, "EMB") == ["embedded · 7 credits · no worker runs now"]
        assert await offered(chat, "TW", "story") == ["twin · 21 credits · 1 waiting"]
        assert await offered(chat, "other") == []


@pytest.mark.parametrize("backend", [TWIN], indirect=True)
async def test_a_model_on_demand_says_that_its_worker_starts(chat: LocalChat) -> None:
    assert "twin · 21 credits · starts when it is ordered" in await offered(chat)
    waiting = await chat.order(model=TWIN)
    await shown(chat, waiting, "A worker for the model twin is being started")
    unserved = await chat.order()
    await shown(chat, unserved, "No worker for the model embedded runs now")


async def test_an_order_that_nobody_serves_is_told_cancelled_for_nothing_or_goes_on(
    chat: LocalChat,
) -> None:
    backend = chat.backend
    kept, given_up = await chat.order(model=TWIN, seed=1), await chat.order(model=TWIN, seed=2)
    async with backend.running_dispatcher():
        await shown(chat, kept, "No worker for the model twin runs now")
        waits = await shown(chat, given_up, "number 2 in the queue. No worker for the model twin")
        await chat.ada.press(given_up, buttons_of(waits)["cancel"])
        await shown(chat, given_up, "Cancelled")
        async with backend.running_worker():
            other = await chat.order(seed=3)
            await chat.ada.wait_for_message(other, clip_of)
        assert not (await job_of(chat, kept)).status.final
        async with backend.running_worker(TWIN):
            await chat.ada.wait_for_message(kept, clip_of)
            await until(backend.all_jobs_delivered)
    made = await job_of(chat, kept)
    report = await backend.studio.reports.of_person(chat.ada.user_id)
    assert report.credits == made.cost + (await job_of(chat, other)).cost
    assert report.allowance is not None
    assert report.allowance.reserved == 0


async def test_a_model_whose_worker_leaves_is_told_and_goes_on_when_one_returns(
    chat: LocalChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wait_forecast, "SHORTEST_AGE", 0.5)
    backend = chat.backend
    backend.worker.gate.clear()
    async with backend.running_dispatcher():
        async with backend.running_worker(TWIN):
            first = await chat.order(model=TWIN, seed=1)
            await until(lambda: len(backend.worker.orders) == 1)
            waiting = await chat.order(model=TWIN, seed=2)
            await shown(chat, waiting, "next in the queue")
            assert "No worker" not in (await chat.ada.message(waiting))["content"]
            backend.worker.failure = HANDED_BACK
        backend.worker.failure = None
        for message in (first, waiting):
            await shown(chat, message, "No worker for the model twin runs now")
        async with backend.running_worker(TWIN):
            for message in (first, waiting):
                await chat.ada.wait_for_message(message, clip_of)


async def test_two_models_work_at_once_and_each_worker_makes_its_own(chat: LocalChat) -> None:
    backend = chat.backend
    backend.worker.gate.clear()
    messages = [await chat.order(model=name, seed=5) for name in ("embedded", TWIN)]
    async with (
        backend.running_dispatcher(),
        backend.running_worker(),
        backend.running_worker(TWIN),
    ):
        await until(lambda: len(backend.worker.orders) == 2)  # both are at it, neither has ended
        assert {one.request.model for one in backend.worker.orders} == {"embedded", TWIN}
        backend.worker.gate.set()
        for message in messages:
            await chat.ada.wait_for_message(message, clip_of)
    small, twin = [await job_of(chat, message) for message in messages]
    assert not twin.cached
    assert twin.cost > small.cost  # the same order, priced by its model


async def test_retry_tweak_extend_and_story_keep_the_model(chat: LocalChat) -> None:
    backend, ada = chat.backend, chat.ada
    async with backend.running_dispatcher(), backend.running_worker(TWIN):
        first = await chat.order(model=TWIN, seed=1)
        buttons = buttons_of(await ada.wait_for_message(first, clip_of))
        answers = [await ada.press(first, buttons["again"])]
        for action in ("tweak", "extend"):
            form = await ada.press(first, buttons[action])
            answers.append(await ada.submit(form["interaction"], {"prompt": f"pan left, {action}"}))
        picture = await ada.upload("a.png", png())
        form = await ada.command("story", picture=picture, model=TWIN)
        answers.append(await ada.submit(form["interaction"], {"prompt": "zoom in\npan left"}))
        for answer in answers:
            await ada.wait_for_message(answer["message"], clip_of)
    assert len(backend.worker.orders) == 5
    assert {one.request.model for one in backend.worker.orders} == {TWIN}
    assert backend.worker.orders[-1].request.segments


async def test_quota_and_report_have_a_line_for_each_model(chat: LocalChat) -> None:
    await chat.order(model=TWIN)
    async with chat.backend.running_worker():
        await until(lambda: all_served(chat.backend, 1))
        answer = await chat.ada.command("quota")
        await shown(chat, answer["message"], "embedded · 7 credits")
        await shown(chat, answer["message"], "twin · 21 credits · 1 waiting · no worker runs now")
        chat.backend.studio._operators = frozenset({ADA})
        answer = await chat.ada.command("report", service=True)
        await shown(
            chat, answer["message"], "embedded: 7 credits · workers: 1 · 0 waiting · 0 running"
        )
        await shown(chat, answer["message"], "twin: 21 credits · workers: 0 · 1 waiting")


async def test_the_cache_answers_for_no_other_model_and_for_no_other_revision(
    chat: LocalChat,
) -> None:
    backend, row = chat.backend, chat.backend.catalogue.model()
    outdated = ServedModel(row.name, row.source, row.revision - 1)

    async def made_by_old_worker(clip: Clip) -> Clip:
        return replace(clip, made_with=outdated)

    async def made_by_new_worker(clip: Clip) -> Clip:
        return replace(clip, made_with=replace(outdated, revision=row.revision))

    backend.worker.claims = [made_by_old_worker, made_by_new_worker]
    async with backend.running_dispatcher(), backend.running_worker():
        for count, cached in ((1, False), (2, False), (2, True)):
            job = await job_of(chat, await ordered(chat, seed=4))
            assert (len(backend.worker.orders), job.cached) == (count, cached)
        async with backend.running_worker(TWIN):
            job = await job_of(chat, await ordered(chat, seed=4, model=TWIN))
            assert not job.cached


async def ordered(chat: LocalChat, **options: object) -> str:
    """Order a clip and wait for it; return its message."""
    picture = await chat.ada.upload("a.png", png())
    outcome = await chat.ada.command("animate", picture=picture, prompt="waves", **options)
    await chat.ada.wait_for_message(outcome["message"], clip_of)
    return str(outcome["message"])


async def test_the_model_is_a_line_of_each_form(chat: LocalChat) -> None:
    backend, ada = chat.backend, chat.ada
    picture = await ada.upload("a.png", png())
    message = (await ada.post("look", picture))["id"]
    form = await ada.message_command("Animate this picture", message)
    assert "model: embedded" in lines_of(form)
    answer = await ada.submit(form["interaction"], {"prompt": "waves", "numbers": "model: twin"})
    async with backend.running_dispatcher(), backend.running_worker(TWIN):
        made = await ada.wait_for_message(answer["message"], clip_of)
    form = await ada.press(made["id"], buttons_of(made)["tweak"])
    assert "model: twin" in lines_of(form)
    refused = await ada.submit(form["interaction"], {"numbers": "model: nothing"})
    await shown(chat, refused["message"], "There is no such model")
    assert {one.request.model for one in backend.worker.orders} == {TWIN}


async def test_the_settings_in_a_file_are_reused_with_its_model(chat: LocalChat) -> None:
    request = replace(admit(Options("a boat", steps=9)), model=TWIN)
    upload = await chat.ada.upload("clip.mp4", file_of(request))
    message = (await chat.ada.post("look", upload))["id"]
    form = await chat.ada.message_command("Reuse these settings", message)
    assert "model: twin" in lines_of(form)
    picture = await chat.ada.upload("b.png", png())
    answer = await chat.ada.submit(form["interaction"], {"picture": [picture]})
    await chat.ada.wait_for_message(answer["message"], buttons_of)
    job = await job_of(chat, answer["message"])
    assert (job.request.model, job.request.steps) == (TWIN, 9)


def lines_of(form: Json) -> list[str]:
    """Return the lines of a form's last input."""
    lines: str = inputs_of(form)["numbers"]["value"]
    return lines.splitlines()
