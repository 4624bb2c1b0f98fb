"""A private clip is seen by its owner alone, whatever fails, until they send it to the channel."""

from __future__ import annotations

import pytest

from deploy.local.clip_messages import buttons_of, clip_of
from deploy.local.discord import Json
from deploy.local.discord.member.client import MemberClient
from deploy.local.discord.rules.permissions import Permission
from deploy.local.discord.state.guild import ADA, BOT, GUILD, LIN
from storage.domain.job import ReplyTarget
from storage.domain.trust.policy import Ban, ServerPolicy
from tests.support.backend import png, until
from tests.support.discord.local_chat import LocalChat

EPHEMERAL = 1 << 6


async def seen(member: MemberClient, channel: str) -> list[Json]:
    """Return what a member sees in a channel."""
    found: list[Json] = await member.call("GET", f"/local/channels/{channel}/messages")
    return found


async def ordered(chat: LocalChat, **options: object) -> Json:
    """Order a private clip; return the message that says that it waits."""
    message = await chat.order(private="yes", **options)
    return await chat.ada.message(message)


async def direct_clip(chat: LocalChat) -> Json:
    """Wait for a clip among Ada's direct messages, and return its message."""
    found: list[Json] = []

    async def has_come() -> bool:
        found[:] = await chat.clips(chat.direct)
        return bool(found)

    await until(has_come)
    return found[-1]


async def is_told(chat: LocalChat, text: str) -> bool:
    """Tell whether Ada sees a message with this text in her channel."""
    return any(text in message["content"] for message in await chat.ada.messages())


async def test_a_private_clip_comes_directly_and_nobody_else_sees_anything(
    chat: LocalChat, lin: MemberClient
) -> None:
    waiting = await ordered(chat)
    assert waiting["flags"] & EPHEMERAL
    await chat.deliver()
    clip = await direct_clip(chat)
    told = await chat.ada.wait_for_message(waiting["id"], lambda one: "📬" in one["content"])
    assert told["components"] == []
    assert await seen(lin, chat.ada.channel) == []
    job = await chat.backend.studio.job(buttons_of(clip)["again"].partition(":")[2])
    lin.channel = chat.ada.channel
    found = await lin.command("clip", clip=job.id)
    told = await lin.wait_for_message(found["message"], lambda one: one["content"])
    assert "⚠️" in told["content"]
    assert job.request.prompt not in told["content"]


async def test_it_is_sent_to_the_channel_when_its_owner_wants_that(
    chat: LocalChat, lin: MemberClient
) -> None:
    channel = chat.ada.channel
    await ordered(chat)
    await chat.deliver()
    clip = await direct_clip(chat)
    button = buttons_of(clip)["mail"]
    chat.ada.channel = chat.direct
    outcome = await chat.ada.press(clip["id"], button)
    await chat.ada.wait_for_message(outcome["message"], lambda one: "✉️" in one["content"])
    [posted] = await seen(lin, channel)
    assert clip_of(posted)
    assert "mail" not in buttons_of(posted)
    lin.channel = channel
    details = await lin.press(posted["id"], buttons_of(posted)["details"])
    shown = await lin.wait_for_message(details["message"], lambda one: one["embeds"])
    assert "waves, zoom in" in shown["embeds"][0]["description"]
    await chat.ada.press(clip["id"], buttons_of(clip)["delete"])
    await lin.wait_until_deleted(posted["id"])


@pytest.mark.parametrize(
    ("whom", "key"), [(LIN, "denied_your_permissions"), ("bot", "denied_bot_permissions")]
)
async def test_it_is_not_sent_where_its_owner_or_the_bot_may_not_post(
    chat: LocalChat, lin: MemberClient, whom: str, key: str
) -> None:
    lin.channel = channel = chat.ada.channel
    chat.ada = lin
    await ordered(chat)
    await chat.deliver()
    clip = await direct_clip(chat)
    await chat.forbid(Permission.SEND_MESSAGES, whom)
    chat.ada.channel = chat.direct
    await chat.ada.press(clip["id"], buttons_of(clip)["mail"])
    text = chat.client.texts.text("zh-CN", key)  # Lin's language
    await until(lambda: is_told(chat, text.partition("{")[0]))
    assert await chat.clips(channel) == []


async def test_it_is_not_sent_where_its_owner_is_banned(chat: LocalChat) -> None:
    channel = chat.ada.channel
    await ordered(chat)
    await chat.deliver()
    clip = await direct_clip(chat)

    def banned(_: ServerPolicy) -> ServerPolicy:
        return ServerPolicy(bans=(Ban(ADA, by="77", at=1.0),))

    await chat.backend.studio.policies.change(GUILD, "77", banned)
    chat.ada.channel = chat.direct
    await chat.ada.press(clip["id"], buttons_of(clip)["mail"])
    await until(lambda: is_told(chat, "turned that off for you"))
    assert await chat.clips(channel) == []


async def test_where_direct_messages_are_closed_it_stays_in_the_message_for_the_owner(
    chat: LocalChat, lin: MemberClient
) -> None:
    await chat.change(f"members/{ADA}", takes_direct=False)
    waiting = await ordered(chat)
    await chat.deliver()
    clip = await chat.ada.message(waiting["id"])
    assert clip_of(clip)
    assert "mail" in buttons_of(clip)
    assert await seen(lin, chat.ada.channel) == []


async def test_where_every_way_is_closed_it_waits_in_clips(
    chat: LocalChat, lin: MemberClient
) -> None:
    await chat.change(f"members/{ADA}", takes_direct=False)
    await ordered(chat)
    chat.server.clock.advance(16 * 60)
    await chat.deliver()
    assert await chat.waiting_in_clips() == 1
    assert await seen(lin, chat.ada.channel) == []
    fetched = await chat.fetch_from_clips()
    assert fetched["flags"] & EPHEMERAL
    assert await seen(lin, chat.ada.channel) == []


async def test_what_is_made_from_it_is_private_too(chat: LocalChat, lin: MemberClient) -> None:
    channel = chat.ada.channel
    await chat.change(f"members/{ADA}", takes_direct=False)
    waiting = await ordered(chat)
    await chat.deliver()
    clip = await chat.ada.message(waiting["id"])
    await chat.ada.press(clip["id"], buttons_of(clip)["again"])
    for action in ("tweak", "extend"):
        form = await chat.ada.press(clip["id"], buttons_of(clip)[action])
        answers = {"prompt": "tilt up", "numbers": "steps: 2"}  # the line `private` is lost
        await chat.ada.submit(form["interaction"], answers)
    await chat.deliver(4)
    mine = [one for one in await seen(chat.ada, channel) if clip_of(one)]
    assert len(mine) == 4
    assert await seen(lin, channel) == []


async def test_several_pictures_make_several_private_clips(
    chat: LocalChat, lin: MemberClient
) -> None:
    other = await chat.ada.upload("b.png", png(colour="red"))
    await ordered(chat, picture_2=other)
    await chat.deliver(2)
    await direct_clip(chat)
    assert await seen(lin, chat.ada.channel) == []


async def test_a_refused_private_order_is_answered_to_its_owner_alone(
    chat: LocalChat, lin: MemberClient
) -> None:
    file = await chat.ada.upload("a.png", b"no picture")
    await chat.ada.command("animate", picture=file, prompt="waves", private="yes")
    assert await seen(lin, chat.ada.channel) == []


async def test_an_interrupted_private_order_is_told_to_its_owner_alone(
    chat: LocalChat, lin: MemberClient
) -> None:
    begun = chat.backend.studio.begun_orders
    place = ReplyTarget("discord", guild=GUILD, token="gone", token_expires=0.0, application=BOT)
    await begun.begin("77", ADA, "en", place)
    begun.release("77")

    async def told() -> bool:
        return not await chat.backend.jobs.begun_orders.all("discord")

    await until(told)
    [message] = await chat.posted(chat.direct)
    assert "interrupted" in message["content"]
    assert await seen(lin, chat.ada.channel) == []
