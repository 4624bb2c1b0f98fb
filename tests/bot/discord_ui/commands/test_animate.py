"""/animate, from the order to the clip."""

from __future__ import annotations

from tests.support.backend import png, until
from tests.support.discord.simulated_chat import (
    PICTURE,
    Chat,
    button_actions,
    text_of,
    user_locale,
)
from tests.support.pictures.files import gradient, noise, saved


async def test_the_clip_replaces_the_deferred_message(chat: Chat) -> None:
    async with chat.backend.running():
        result = await chat.animate(seed=7)
        clip = await chat.wait_for_clip()
    assert result.acknowledged
    assert not result.ephemeral
    assert clip.id == result.response.id
    assert [item.filename.rpartition(".")[2] for item in clip.attachments] == ["mp4"]
    assert button_actions(clip) == ["again", "tweak", "extend", "details", "delete"]
    assert "waves, zoom in" in text_of(clip)
    assert "seed 7" in text_of(clip)
    assert len(chat.messages) == 1


async def test_a_gif_is_cached_apart_from_the_mp4(chat: Chat) -> None:
    async with chat.backend.running():
        await chat.animate(seed=7)
        await chat.wait_for_clip()
        await chat.animate(seed=7, format="gif")
        clip = await chat.wait_for_clip(2)
    assert [item.filename.rpartition(".")[2] for item in clip.attachments] == ["gif"]
    assert "From the cache" not in text_of(clip)


async def test_a_waiting_order_shows_its_position_and_can_be_cancelled(chat: Chat) -> None:
    await chat.animate()
    await chat.animate(chat.bob)
    message = await chat.wait_for_text("number 2 in the queue")
    assert button_actions(message) == ["cancel"]
    await chat.click(message, "cancel", chat.bob)
    await chat.wait_for_text("Cancelled")
    assert button_actions(chat.last_message) == ["again", "tweak", "details", "delete"]


async def test_a_running_order_shows_its_progress(chat: Chat) -> None:
    chat.backend.worker.gate.clear()
    async with chat.backend.running():
        await chat.animate(steps=8)
        message = await chat.wait_for_text("step 4 of 8")
        assert "██████████░░░░░░░░░░" in text_of(message)
        assert "about 3 s left" in text_of(message)
        chat.backend.worker.gate.set()
        await chat.wait_for_clip()


async def test_an_order_in_a_direct_message_is_answered_there(chat: Chat) -> None:
    async with chat.backend.running():
        await chat.alice.user.slash("animate", picture=PICTURE, prompt="waves")
        await until(chat.backend.all_jobs_delivered)
    [clip] = chat.alice_direct_messages()
    assert clip.attachments[0].filename.endswith(".mp4")


async def test_concurrent_orders_get_their_own_clips(chat: Chat) -> None:
    people = [chat.guild.add_member(chat.env.create_user(f"member{n}")) for n in range(12)]
    async with chat.backend.running():
        orders = [await chat.animate(person) for person in people]
        await chat.wait_for_clip(len(people))
    clips = {message.id: message for message in chat.clips()}
    for person, ordered in zip(people, orders, strict=True):
        assert clips[ordered.response.id].content.startswith(person.mention)


async def test_the_card_is_in_the_requesters_locale(chat: Chat) -> None:
    with user_locale("zh-CN"):
        await chat.animate()
    await chat.wait_for_text("队首")
    async with chat.backend.running():
        clip = await chat.wait_for_clip()
    assert "用时 2 秒，花费 7 点额度" in clip.content
    assert "🎥 推近" in text_of(clip)


async def test_advice_is_shown_with_the_clip(chat: Chat) -> None:
    async with chat.backend.running():
        await chat.animate(prompt="a quiet house", picture=("a.png", png((64, 64), "black")))
        clip = await chat.wait_for_clip()
    assert "names no camera motion" in text_of(clip)
    assert "The picture is small" in text_of(clip)


async def test_of_an_animation_the_first_frame_is_animated_and_a_strip_is_said_to_be_cropped(
    chat: Chat,
) -> None:
    frames = [noise(2000, 300), gradient(2000, 300)]
    data = saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
    async with chat.backend.running():
        await chat.animate(prompt="zoom in", picture=("a.gif", data))
        clip = await chat.wait_for_clip()
    assert "made of its first frame" in text_of(clip)
    assert "73 % of it is cut away" in text_of(clip)


async def test_a_phones_heic_is_animated(chat: Chat) -> None:
    async with chat.backend.running():
        await chat.animate(picture=("IMG_0001.HEIC", saved(noise(640, 480), "HEIF")))
        await chat.wait_for_clip()
