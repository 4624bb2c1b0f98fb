"""Moderators act on clips of the places that they moderate, whatever ids buttons hold."""

from __future__ import annotations

from dataclasses import replace

from deploy.local.clip_messages import buttons_of
from deploy.local.discord.member.client import MemberClient
from deploy.local.discord.rules.permissions import Permission
from deploy.local.discord.state.guild import ADA, GALLERY, GUILD, SAM, STUDIO
from storage.domain.errors import JobGone
from storage.domain.job import Job, Status
from tests.support.backend import until
from tests.support.discord.local_chat import LocalChat


async def moderator_role(chat: LocalChat) -> str:
    """Let Sam moderate the server; return the role."""
    fields = {"name": "moderators", "permissions": int(Permission.MANAGE_MESSAGES)}
    role = (await chat.ada.call("POST", "/local/guilds/main/roles", fields))["id"]
    await chat.change(f"members/{SAM}", roles=[role])
    return str(role)


async def job_at(chat: LocalChat, message: str, channel: str = STUDIO) -> Job:
    job = await chat.backend.studio.shown.at("discord", channel, message)
    assert job is not None
    return job


async def told(member: MemberClient, text: str, channel: str = STUDIO) -> None:
    """Wait until a member is told something."""

    async def is_told() -> bool:
        found = await member.call("GET", f"/local/channels/{channel}/messages")
        return any(text in message["content"] for message in found)

    await until(is_told)


async def log(chat: LocalChat) -> list[tuple[str, str, str]]:
    found = await chat.backend.studio.audit.page(GUILD, 20)
    return [(one.actor, one.action, one.subject) for one in found]


async def test_a_moderator_cancels_and_deletes_others_clips_and_it_is_recorded(
    chat: LocalChat, sam: MemberClient
) -> None:
    await moderator_role(chat)
    message = await chat.order()
    job = await job_at(chat, message)
    await sam.press(message, buttons_of(await sam.message(message))["cancel"])
    await until(lambda: is_over(chat, job.id))
    await chat.ada.wait_for_message(message, lambda shown: "again" in buttons_of(shown))
    await sam.press(message, buttons_of(await sam.message(message))["delete"])
    await chat.ada.wait_until_deleted(message)
    expected = [(SAM, "delete_clip", job.id), (SAM, "cancel_clip", job.id)]
    await until(lambda: has_log(chat, expected))


async def is_over(chat: LocalChat, job: str) -> bool:
    return (await chat.backend.studio.job(job)).status is Status.CANCELLED


async def has_log(chat: LocalChat, expected: list[tuple[str, str, str]]) -> bool:
    return await log(chat) == expected


async def test_no_button_reaches_a_clip_of_another_server(
    chat: LocalChat, sam: MemberClient
) -> None:
    await moderator_role(chat)
    message = await chat.order()
    job = await job_at(chat, message)
    elsewhere = replace(job.reply_to, guild="5", channel="6", message="7")
    await chat.backend.jobs.move(job, elsewhere)
    await sam.press(message, buttons_of(await sam.message(message))["cancel"])
    await told(sam, "Only the person who ordered this clip")
    assert (await chat.backend.studio.job(job.id)).status is Status.QUEUED
    assert await log(chat) == []


async def test_who_moderates_one_channel_deletes_there_the_message_alone(
    chat: LocalChat, sam: MemberClient
) -> None:
    role = await moderator_role(chat)
    path = f"/local/channels/{GALLERY}/overwrites/{role}"
    await chat.ada.call("PUT", path, {"deny": int(Permission.MANAGE_MESSAGES)})
    chat.ada.channel = GALLERY
    await chat.order()
    await chat.deliver()
    [clip] = await chat.clips()
    job = await job_at(chat, clip["id"], GALLERY)
    chat.ada.channel = STUDIO
    listed = await chat.ada.command("clips")
    shown = await chat.ada.wait_for_message(listed["message"], buttons_of)
    alone = await chat.ada.press(shown["id"], buttons_of(shown)["fetch"])
    fetched = await chat.ada.wait_for_message(
        alone["message"], lambda found: "show" in buttons_of(found)
    )
    again = await chat.ada.press(fetched["id"], buttons_of(fetched)["show"])
    await chat.ada.wait_for_message(again["message"], lambda found: "delete" in buttons_of(found))
    await sam.press(again["message"], buttons_of(await sam.message(again["message"]))["delete"])
    await chat.ada.wait_until_deleted(again["message"])
    assert (await chat.backend.studio.job(job.id)).clip is not None
    assert await log(chat) == []


async def test_operators_act_on_clips_anywhere(chat: LocalChat, sam: MemberClient) -> None:
    chat.backend.studio._operators = frozenset({SAM})
    message = await chat.order()
    await chat.deliver()
    job = await job_at(chat, message)
    await sam.press(message, buttons_of(await sam.message(message))["delete"])
    await chat.ada.wait_until_deleted(message)
    try:
        await chat.backend.studio.job(job.id)
    except JobGone as error:
        assert error.key == "job_deleted"
    else:
        raise AssertionError("it is there")
    assert job.owner == ADA
