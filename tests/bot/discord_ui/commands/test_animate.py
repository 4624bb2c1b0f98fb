"""An order becomes a clip in the message that was promised."""

from __future__ import annotations

from tests.support.backend import png, until
from tests.support.simulated_chat import PICTURE, Stage, actions, shown, speaking


async def test_an_order_is_answered_with_its_clip_in_its_place(stage: Stage) -> None:
    async with stage.workshop.working():
        result = await stage.animate(seed=7)
        clip = await stage.clip()
    assert result.acknowledged
    assert not result.ephemeral
    assert clip.id == result.response.id
    assert [item.filename.rpartition(".")[2] for item in clip.attachments] == ["mp4"]
    assert actions(clip) == ["again", "tweak", "details", "delete"]
    assert "waves, zoom in" in shown(clip)
    assert "seed 7" in shown(clip)
    assert len(stage.messages) == 1


async def test_a_gif_is_another_clip_than_the_film(stage: Stage) -> None:
    async with stage.workshop.working():
        await stage.animate(seed=7)
        await stage.clip()
        await stage.animate(seed=7, format="gif")
        clip = await stage.clip(2)
    assert [item.filename.rpartition(".")[2] for item in clip.attachments] == ["gif"]
    assert "From the cache" not in shown(clip)


async def test_a_waiting_order_shows_its_place_and_may_be_cancelled(stage: Stage) -> None:
    await stage.animate()
    await stage.animate(stage.bob)
    message = await stage.shows("number 2 in the queue")
    assert actions(message) == ["cancel"]
    await stage.click(message, "cancel", stage.bob)
    await stage.shows("Cancelled")
    assert actions(stage.last) == ["again", "tweak", "details", "delete"]


async def test_a_running_order_shows_its_progress(stage: Stage) -> None:
    stage.workshop.hands.gate.clear()
    async with stage.workshop.working():
        await stage.animate(steps=8)
        message = await stage.shows("step 4 of 8")
        assert "██████████░░░░░░░░░░" in shown(message)
        assert "about 3 s left" in shown(message)
        stage.workshop.hands.gate.set()
        await stage.clip()


async def test_an_order_in_a_direct_message_is_answered_there(stage: Stage) -> None:
    async with stage.workshop.working():
        await stage.alice.user.slash("animate", picture=PICTURE, prompt="waves")
        await until(stage.workshop.jobs_are_delivered)
    [clip] = stage.alice_directly()
    assert clip.attachments[0].filename.endswith(".mp4")


async def test_many_orders_at_once_are_each_answered_by_their_own_clip(stage: Stage) -> None:
    people = [stage.guild.add_member(stage.env.create_user(f"guest{n}")) for n in range(12)]
    async with stage.workshop.working():
        orders = [await stage.animate(person) for person in people]
        await stage.clip(len(people))
    clips = {message.id: message for message in stage.clips()}
    for person, ordered in zip(people, orders, strict=True):
        assert clips[ordered.response.id].content.startswith(person.mention)


async def test_the_card_speaks_the_language_of_who_ordered(stage: Stage) -> None:
    with speaking("zh-CN"):
        await stage.animate()
    await stage.shows("队首")
    async with stage.workshop.working():
        clip = await stage.clip()
    assert "用时 2 秒，花费 5 点额度" in clip.content
    assert "🎥 推近" in shown(clip)


async def test_advice_comes_with_the_clip_and_never_in_the_way(stage: Stage) -> None:
    async with stage.workshop.working():
        await stage.animate(prompt="a quiet house", picture=("a.png", png((64, 64), "black")))
        clip = await stage.clip()
    assert "names no camera motion" in shown(clip)
    assert "The picture is small" in shown(clip)
