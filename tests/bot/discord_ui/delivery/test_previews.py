"""A running card shows the newest preview, and never instead of the clip."""

from __future__ import annotations

import asyncio

import discord
import pytest

from bot.studio.events import JobMoved
from storage.domain.clip import Failure
from storage.domain.progress import Progress, Stage
from tests.support.backend import until
from tests.support.simulated_chat import Stage as Scene
from tests.support.simulated_chat import shown

PREVIEW = b"RIFF\x00\x00\x00\x00WEBPVP8X"


def preview_of(message: discord.Message) -> str:
    """Return the name of the picture that a message's embed shows."""
    image = message.embeds[0].image if message.embeds else None
    return (image.url or "").rpartition("/")[2] if image else ""


def files(message: discord.Message) -> list[str]:
    """Return the endings of the files that a message carries."""
    return [file.filename.rpartition(".")[2] for file in message.attachments]


@pytest.fixture
def scene(stage: Scene) -> Scene:
    """A stage whose worker makes a preview and then waits."""
    stage.workshop.hands.preview = PREVIEW
    stage.workshop.hands.gate.clear()
    return stage


async def previewed(scene: Scene) -> discord.Message:
    """Wait until the last message shows a preview."""
    await until(lambda: preview_of(scene.last) == "preview.webp")
    return scene.last


async def move(scene: Scene, step: int, preview: str = "") -> None:
    """Announce that the one running job came further."""
    [job] = await scene.workshop.jobs.unfinished()
    progress = Progress(Stage.DENOISING, step, job.request.steps, preview=preview)
    scene.workshop.announcements.publish(JobMoved(job.id, progress))


async def test_a_running_card_shows_the_preview_and_the_clip_takes_its_place(scene: Scene) -> None:
    async with scene.workshop.working():
        await scene.animate(steps=8)
        message = await previewed(scene)
        assert "step 4 of 8" in shown(message)
        assert files(message) == ["webp"]
        assert await message.attachments[0].read() == PREVIEW
        scene.workshop.hands.gate.set()
        clip = await scene.clip()
    assert clip.id == message.id
    assert files(clip) == ["mp4"]
    assert preview_of(clip) == ""


async def test_further_progress_leaves_the_preview_as_it_is(scene: Scene) -> None:
    async with scene.workshop.working():
        await scene.animate(steps=8)
        before = (await previewed(scene)).attachments[0].id
        await move(scene, 6)
        message = await scene.shows("step 6 of 8")
        assert preview_of(message) == "preview.webp"
        assert [file.id for file in message.attachments] == [before]


async def test_a_newer_preview_replaces_the_older(scene: Scene) -> None:
    async with scene.workshop.working():
        await scene.animate(steps=8)
        await previewed(scene)
        report = scene.workshop.hands.reports[0]
        await report.progress(Progress(Stage.DENOISING, 7, 8), PREVIEW + b"newer")
        message = await scene.shows("step 7 of 8")
        await until(lambda: scene.last.attachments[0].size == len(PREVIEW) + 5)
        assert files(message) == ["webp"]


@pytest.mark.parametrize("failure", [None, Failure("failed_encoding")])
async def test_an_end_without_a_clip_takes_the_preview_away(
    scene: Scene, failure: Failure | None
) -> None:
    scene.workshop.hands.failure = failure
    async with scene.workshop.working():
        await scene.animate()
        message = await previewed(scene)
        if failure is None:
            await scene.click(message, "cancel")
        scene.workshop.hands.gate.set()
        await until(scene.workshop.jobs_are_delivered)
    assert files(scene.last) == []
    assert preview_of(scene.last) == ""


@pytest.mark.parametrize(("status", "code"), [(413, 40005), (403, 50013), (400, 50035)])
async def test_where_files_are_refused_progress_goes_on_without(
    scene: Scene, status: int, code: int
) -> None:
    scene.workshop.hands.preview = None
    async with scene.workshop.working():
        await scene.animate(steps=8)
        await scene.shows("step 4 of 8")
        [job] = await scene.workshop.jobs.unfinished()
        scene.env.inject_error("PATCH", "/webhooks/*", status=status, code=code)
        if status == 403:
            scene.env.inject_error("PATCH", "/channels/*", status=status, code=code)
        await scene.workshop.hands.reports[0].progress(Progress(Stage.DENOISING, 6, 8), PREVIEW)
        message = await scene.shows("step 6 of 8")
        assert files(message) == []
        scene.workshop.hands.gate.set()
        clip = await scene.clip()
    assert files(clip) == ["mp4"]
    assert job.place.message == str(clip.id)


async def test_a_preview_that_is_not_there_any_more_is_skipped(scene: Scene) -> None:
    scene.workshop.hands.preview = None
    async with scene.workshop.working():
        await scene.animate(steps=8)
        await scene.shows("step 4 of 8")
        await move(scene, 5, preview="0" * 64)
        message = await scene.shows("step 5 of 8")
        assert files(message) == []


async def test_a_new_bot_shows_the_preview_again(scene: Scene) -> None:
    async with scene.workshop.working():
        await scene.animate(steps=8)
        await previewed(scene)
        await scene.restart()
        await asyncio.sleep(0)
        await until(lambda: "preparing" in shown(scene.last).lower() or files(scene.last) == [])
        await previewed(scene)
