"""A restarted bot resumes all unfinished and undelivered jobs."""

from __future__ import annotations

from tests.support.backend import until
from tests.support.discord.simulated_chat import Chat, text_of


async def ended_while_away(chat: Chat) -> None:
    """Order a clip and let the job end while the delivery is stopped."""
    await chat.animate()
    await chat.wait_for_text("queue")
    await chat.stop_delivery()
    [job] = await chat.backend.jobs.pending.all()
    clip = await chat.backend.worker.store_clip(job.request)
    await chat.backend.jobs.finish(job.id, clip, 1.0)


async def test_a_job_that_ended_during_a_restart_is_delivered_once(
    chat: Chat,
) -> None:
    await ended_while_away(chat)
    promised = chat.last_message.id
    await chat.restart()
    clip = await chat.wait_for_clip()
    assert clip.id == promised
    await until(chat.backend.all_jobs_delivered)
    await chat.restart()
    assert len(chat.messages) == 1


async def test_a_waiting_job_is_resumed_after_a_restart(chat: Chat) -> None:
    await chat.animate()
    await chat.restart()
    async with chat.backend.running():
        await chat.wait_for_clip()


async def test_buttons_forms_and_reactions_work_after_a_restart(chat: Chat) -> None:
    async with chat.backend.running():
        await chat.animate(seed=7)
        clip = await chat.wait_for_clip()
        form = await chat.click(clip, "tweak")
        await chat.restart()
        await chat.alice.submit_modal(form, {"prompt": "a storm", "numbers": "seed: 8"})
        assert "a storm" in text_of(await chat.wait_for_clip(2))
        await chat.click(clip, "again")
        await chat.wait_for_clip(3)
        await chat.alice.react(clip, "🔁")
        await chat.wait_for_clip(4)
        await chat.click(clip, "delete")
    assert len(chat.clips()) == 3


async def test_a_form_of_the_context_menu_expires_with_a_restart(chat: Chat) -> None:
    posted = await chat.bob.send(chat.channel, "look", attachments=[("a.png", b"\x89PNG")])
    form = await chat.alice.context_menu(chat.channel, "Animate this picture", posted)
    await chat.restart()
    result = await chat.alice.submit_modal(form, {"prompt": "a"})
    assert "I was restarted" in result.response.content


async def test_a_clip_that_was_damaged_during_a_restart_is_made_again(chat: Chat) -> None:
    await ended_while_away(chat)
    backend = chat.backend
    [job] = await backend.jobs.search.undelivered()
    assert job.clip is not None
    blobs = backend.settings.mutoscope_home / "blobs"
    (blobs / job.clip.blob[:2] / job.clip.blob).write_bytes(b"damaged")
    await chat.restart()
    async with backend.running():
        clip = await chat.wait_for_clip()
        await until(backend.all_jobs_delivered)
    assert len(chat.messages) == len(clip.attachments) == 1
    assert len(backend.worker.orders) == 1
