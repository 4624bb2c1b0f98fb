"""A running job's message shows the newest preview until its end."""

from __future__ import annotations

import asyncio

import discord
import pytest

from bot.studio.events import JobProgressed
from storage.domain.clip import Failure
from storage.domain.progress import Progress, Stage
from tests.support.backend import until
from tests.support.discord.simulated_chat import Chat, text_of

PREVIEW = b"RIFF\x00\x00\x00\x00WEBPVP8X"


def preview_of(message: discord.Message) -> str:
    """Return the name of the picture that is attached to a message."""
    names = [file.filename for file in message.attachments if file.filename.endswith(".webp")]
    return names[0] if names else ""


def files(message: discord.Message) -> list[str]:
    """Return the endings of the files that a message carries."""
    return [file.filename.rpartition(".")[2] for file in message.attachments]


@pytest.fixture
def chat(chat: Chat) -> Chat:
    """A chat whose worker makes a preview and then waits."""
    chat.backend.worker.preview = PREVIEW
    chat.backend.worker.gate.clear()
    return chat


async def previewed(chat: Chat) -> discord.Message:
    """Wait until the last message shows a preview."""
    await until(lambda: preview_of(chat.last_message) == "preview.webp")
    return chat.last_message


async def move(chat: Chat, step: int, preview: str = "") -> None:
    """Publish progress of the one running job."""
    [job] = await chat.backend.jobs.pending.all()
    progress = Progress(Stage.DENOISING, step, job.request.steps, preview=preview)
    chat.backend.events.publish(JobProgressed(job.id, progress))


async def test_a_preview_is_shown_and_then_replaced_by_the_clip(
    chat: Chat,
) -> None:
    async with chat.backend.running():
        await chat.animate(steps=8)
        message = await previewed(chat)
        assert "step 4 of 8" in text_of(message)
        assert files(message) == ["webp"]
        assert await message.attachments[0].read() == PREVIEW
        chat.backend.worker.gate.set()
        clip = await chat.wait_for_clip()
    assert clip.id == message.id
    assert files(clip) == ["mp4"]
    assert preview_of(clip) == ""


async def test_progress_does_not_upload_the_preview_again(chat: Chat) -> None:
    async with chat.backend.running():
        await chat.animate(steps=8)
        before = (await previewed(chat)).attachments[0].id
        await move(chat, 6)
        message = await chat.wait_for_text("step 6 of 8")
        assert preview_of(message) == "preview.webp"
        assert [file.id for file in message.attachments] == [before]


async def test_a_newer_preview_replaces_the_older(chat: Chat) -> None:
    async with chat.backend.running():
        await chat.animate(steps=8)
        await previewed(chat)
        report = chat.backend.worker.reports[0]
        await report.progress(Progress(Stage.DENOISING, 7, 8), PREVIEW + b"newer")
        message = await chat.wait_for_text("step 7 of 8")
        await until(lambda: chat.last_message.attachments[0].size == len(PREVIEW) + 5)
        assert files(message) == ["webp"]


@pytest.mark.parametrize("failure", [None, Failure("failed_encoding")])
async def test_the_preview_is_removed_at_an_end_without_a_clip(
    chat: Chat, failure: Failure | None
) -> None:
    chat.backend.worker.failure = failure
    async with chat.backend.running():
        await chat.animate()
        message = await previewed(chat)
        if failure is None:
            await chat.click(message, "cancel")
        chat.backend.worker.gate.set()
        await until(chat.backend.all_jobs_delivered)
    assert files(chat.last_message) == []
    assert preview_of(chat.last_message) == ""


@pytest.mark.parametrize(("status", "code"), [(413, 40005), (403, 50013), (400, 50035)])
async def test_progress_is_shown_without_previews_where_files_are_refused(
    chat: Chat, status: int, code: int
) -> None:
    chat.backend.worker.preview = None
    async with chat.backend.running():
        await chat.animate(steps=8)
        await chat.wait_for_text("step 4 of 8")
        [job] = await chat.backend.jobs.pending.all()
        chat.env.inject_error("PATCH", "/webhooks/*", status=status, code=code)
        if status == 403:
            chat.env.inject_error("PATCH", "/channels/*", status=status, code=code)
        await chat.backend.worker.reports[0].progress(Progress(Stage.DENOISING, 6, 8), PREVIEW)
        message = await chat.wait_for_text("step 6 of 8")
        assert files(message) == []
        chat.backend.worker.gate.set()
        clip = await chat.wait_for_clip()
    assert files(clip) == ["mp4"]
    assert job.reply_to.message == str(clip.id)


async def test_an_expired_preview_is_skipped(chat: Chat) -> None:
    chat.backend.worker.preview = None
    async with chat.backend.running():
        await chat.animate(steps=8)
        await chat.wait_for_text("step 4 of 8")
        await move(chat, 5, preview="0" * 64)
        message = await chat.wait_for_text("step 5 of 8")
        assert files(message) == []


async def test_a_restarted_bot_shows_the_preview_again(chat: Chat) -> None:
    async with chat.backend.running():
        await chat.animate(steps=8)
        await previewed(chat)
        await chat.restart()
        await asyncio.sleep(0)
        await until(
            lambda: (
                "preparing" in text_of(chat.last_message).lower() or files(chat.last_message) == []
            )
        )
        await previewed(chat)
