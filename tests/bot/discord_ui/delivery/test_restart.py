"""Whatever the bot promised before it was ended, it keeps afterwards, once."""

from __future__ import annotations

from storage.domain.camera.motion import Motion
from storage.domain.clip import Clip, Container
from tests.support.backend import Workshop, until
from tests.support.simulated_chat import Stage, shown


async def clip_for(workshop: Workshop, job: str) -> Clip:
    """Return a clip for a job, kept in the store."""
    request = (await workshop.jobs.get(job)).request
    blob = await workshop.blobs.put(workshop.hands.film)
    return Clip(
        blob=blob,
        poster="",
        container=Container.MP4,
        width=request.width,
        height=request.height,
        frames=request.frames,
        fps=request.fps,
        seed=request.seed,
        motion=Motion.ZOOM_IN,
        bytes=len(workshop.hands.film),
        seconds=1.0,
    )


async def ended_while_away(stage: Stage) -> None:
    """Order a clip and let it end while nobody delivers."""
    await stage.animate()
    await stage.shows("queue")
    await stage.stop_delivery()
    [job] = await stage.workshop.jobs.unfinished()
    await stage.workshop.jobs.finish(job.id, await clip_for(stage.workshop, job.id), 1.0)


async def test_a_clip_that_ended_while_the_bot_was_away_is_posted_once_in_its_place(
    stage: Stage,
) -> None:
    await ended_while_away(stage)
    promised = stage.last.id
    await stage.restart()
    clip = await stage.clip()
    assert clip.id == promised
    await until(stage.workshop.jobs_are_delivered)
    await stage.restart()
    assert len(stage.messages) == 1


async def test_a_waiting_card_is_taken_up_again(stage: Stage) -> None:
    await stage.animate()
    await stage.restart()
    async with stage.workshop.working():
        await stage.clip()


async def test_buttons_forms_and_reactions_outlive_a_restart(stage: Stage) -> None:
    async with stage.workshop.working():
        await stage.animate(seed=7)
        clip = await stage.clip()
        form = await stage.click(clip, "tweak")
        await stage.restart()
        await stage.alice.submit_modal(form, {"prompt": "a storm", "numbers": "seed: 8"})
        assert "a storm" in shown(await stage.clip(2))
        await stage.click(clip, "again")
        await stage.clip(3)
        await stage.alice.react(clip, "🔁")
        await stage.clip(4)
        await stage.click(clip, "delete")
    assert len(stage.clips()) == 3


async def test_a_picture_of_an_open_form_is_forgotten_and_said_so(stage: Stage) -> None:
    posted = await stage.bob.send(stage.channel, "look", attachments=[("a.png", b"\x89PNG")])
    form = await stage.alice.context_menu(stage.channel, "Animate this picture", posted)
    await stage.restart()
    result = await stage.alice.submit_modal(form, {"prompt": "a"})
    assert "I was restarted" in result.response.content
