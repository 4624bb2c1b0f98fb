"""A clip reaches its person by whichever way is open, and never twice."""

from __future__ import annotations

from storage.domain.clip import Failure
from tests.support.backend import until
from tests.support.simulated_chat import Stage, actions, shown

TOKEN_LIFE = 15 * 60


async def test_after_the_tokens_end_the_message_is_edited_in_the_channel(stage: Stage) -> None:
    result = await stage.animate()
    await stage.shows("queue")
    await stage.env.advance_time(TOKEN_LIFE)
    async with stage.workshop.working():
        clip = await stage.clip()
    assert clip.id == result.response.id


async def test_where_the_message_may_not_be_edited_a_new_one_calls_its_person(
    stage: Stage,
) -> None:
    await stage.animate()
    await stage.shows("queue")
    await stage.env.advance_time(TOKEN_LIFE)
    stage.env.inject_error("PATCH", "/channels/*", status=403, code=50001, times=None)
    async with stage.workshop.working():
        clip = await stage.clip()
        await until(stage.workshop.jobs_are_delivered)
    assert stage.alice.id in [user.id for user in clip.mentions]
    assert len(stage.messages) == 2


async def test_where_the_channel_is_closed_the_clip_comes_directly(stage: Stage) -> None:
    await stage.animate()
    await stage.shows("queue")
    await stage.env.advance_time(TOKEN_LIFE)
    stage.env.inject_error("*", f"/channels/{stage.channel.id}/*", status=403, times=None)
    async with stage.workshop.working():
        await until(stage.workshop.jobs_are_delivered)
    assert stage.clips() == []
    direct = stage.alice_directly()
    assert [message.attachments[0].filename[-4:] for message in direct] == [".mp4"]


async def test_a_message_that_was_removed_is_not_posted_again(stage: Stage) -> None:
    await stage.animate()
    message = await stage.shows("queue")
    await message.delete()
    async with stage.workshop.working():
        await until(stage.workshop.jobs_are_delivered)
    assert stage.messages == []


async def test_a_file_that_the_place_refuses_is_told(stage: Stage) -> None:
    await stage.animate()
    await stage.shows("queue")
    stage.env.inject_error("PATCH", "/webhooks/*", status=413, code=40005)
    async with stage.workshop.working():
        message = await stage.shows("larger than this place allows")
    assert actions(message) == ["again", "tweak", "details", "delete"]


async def test_an_outage_of_discord_is_outlived(stage: Stage) -> None:
    await stage.animate()
    await stage.shows("queue")
    stage.env.inject_error("PATCH", "/webhooks/*", status=400, code=0, times=2)
    async with stage.workshop.working():
        await stage.clip()


async def test_a_failure_says_why_and_that_nothing_was_charged(stage: Stage) -> None:
    stage.workshop.hands.failure = Failure("failed_encoding")
    async with stage.workshop.working():
        await stage.animate()
        message = await stage.shows("Nothing was charged")
    assert "the film could not be written" in shown(message)
    assert actions(message) == ["again", "tweak", "details", "delete"]


async def test_a_long_wait_ends_with_one_call(stage: Stage) -> None:
    await stage.animate()
    await stage.stop_delivery()
    stage.ping_after = 0.0
    stage.start_delivery()
    async with stage.workshop.working():
        await until(stage.workshop.jobs_are_delivered)
    assert [message.content for message in stage.messages[1:]] == [
        f"{stage.alice.mention} your clip is ready."
    ]


async def test_hostile_words_format_nothing_and_mention_nobody(stage: Stage) -> None:
    async with stage.workshop.working():
        await stage.animate(
            prompt="@everyone **bold** ``` <@1> [x](http://y) discord.gg/z",
            negative_prompt="```@here",
        )
        clip = await stage.clip()
        details = await stage.click(clip, "details")
    assert {user.id for user in clip.mentions} <= {stage.alice.id}
    assert not clip.mention_everyone
    assert "**bold**" not in shown(clip)
    assert "http://y" not in shown(clip)
    assert "discord.gg/z" not in shown(clip)
    assert "```" not in shown(clip)
    assert shown(details.response.message).count("```") == 2


async def test_a_call_that_may_not_be_made_holds_nothing_up(stage: Stage) -> None:
    await stage.animate()
    await stage.stop_delivery()
    stage.ping_after = 0.0
    stage.start_delivery()
    stage.env.inject_error("POST", "/channels/*/messages", status=400, code=160002)
    async with stage.workshop.working():
        await until(stage.workshop.jobs_are_delivered)
    assert len(stage.clips()) == len(stage.messages) == 1


async def test_who_cancels_after_a_long_wait_is_not_called(stage: Stage) -> None:
    await stage.animate()
    await stage.stop_delivery()
    stage.ping_after = 0.0
    stage.start_delivery()
    await stage.click(await stage.shows("queue"), "cancel")
    await until(stage.workshop.jobs_are_delivered)
    assert len(stage.messages) == 1
