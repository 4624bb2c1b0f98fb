"""A real discord.py bot and a member, connected through the local Discord."""

import pytest

from deploy.local.discord import Json
from deploy.local.discord.member.client import MemberApiError, MemberClient
from tests.support.discord.sample_bot import SampleBot


async def order(member: MemberClient) -> Json:
    """Order a clip; return the finished message."""
    picture = await member.upload("boat.png", b"\x89PNG not really")
    answer = await member.command("animate", picture=picture, prompt="zoom in", frames=8)
    assert answer["kind"] == "deferred"
    return await member.wait_for_message(
        answer["message"], lambda message: bool(message["attachments"])
    )


async def test_a_command_becomes_a_message_that_ends_with_a_clip(
    bot: SampleBot, member: MemberClient
) -> None:
    await member.wait_for_command("animate")
    message = await order(member)
    assert message["embeds"][0]["title"] == "zoom in · 8 · 15 bytes"
    assert await member.download(message["attachments"][0]) == bot.clip.read_bytes()
    assert message["attachments"][0]["width"] == 128


async def test_a_button_edits_the_message_and_sends_an_ephemeral_one(
    bot: SampleBot, member: MemberClient
) -> None:
    message = await order(member)
    answer = await member.press(message["id"], "again:1")
    assert answer["kind"] == "deferred update"
    changed = await member.wait_for_message(
        message["id"], lambda seen: seen["content"] == "Once more"
    )
    assert changed["attachments"]
    async for _ in member.events():
        ephemeral = (await member.messages())[-1]
        if ephemeral["content"] == "A new seed":
            break
    assert ephemeral["flags"] == 64


async def test_a_submitted_modal_contains_its_fields(bot: SampleBot, member: MemberClient) -> None:
    message = await order(member)
    answer = await member.press(message["id"], "tweak:1")
    assert answer["modal"]["title"] == "Tweak this clip"
    done = await member.submit(answer["interaction"], {"prompt": "pan left"})
    assert (await member.message(done["message"]))["content"] == (
        "Tweaked to **pan left** at normal"
    )


async def test_a_reaction_is_answered_once_although_sent_twice(
    bot: SampleBot, member: MemberClient
) -> None:
    message = await order(member)
    await member.react(message["id"], "🔁")
    async for event in member.events(after=0):
        if event["type"] == "MESSAGE_CREATE" and "again" in event["data"]["content"]:
            break
    assert [m["content"] for m in await member.messages()].count(event["data"]["content"]) == 1
    assert event["data"]["mentions"][0]["id"] == member.user_id


async def test_a_message_command_sees_the_target_without_the_content_intent(
    bot: SampleBot, member: MemberClient
) -> None:
    picture = await member.upload("boat.png", b"picture")
    posted = await member.post("look at my boat", picture)
    answer = await member.message_command("Animate this", posted["id"])
    done = await member.wait_for_message(
        answer["message"], lambda message: bool(message["attachments"])
    )
    assert done["embeds"][0]["title"] == "from ['boat.png']"
    assert "look at my boat" not in bot.seen


async def test_the_client_refuses_what_the_command_does_not_allow(
    bot: SampleBot, member: MemberClient
) -> None:
    picture = await member.upload("boat.png", b"picture")
    for wrong in (
        {"prompt": "x", "picture": picture, "frames": 7},
        {"prompt": "x", "picture": picture, "frames": 8.5},
        {"prompt": "x", "picture": picture, "resolution": "9p"},
        {"prompt": "x"},
        {"prompt": "", "picture": picture},
        {"prompt": "x", "picture": "1"},
    ):
        with pytest.raises(MemberApiError):
            await member.command("animate", **wrong)
