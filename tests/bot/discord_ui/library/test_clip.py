"""/clip shows the clip of an id or of a message's link, to who may see it and to nobody else."""

from __future__ import annotations

from deploy.local.clip_messages import buttons_of, clip_of
from deploy.local.discord import Json
from deploy.local.discord.member.client import MemberClient
from deploy.local.discord.rules.permissions import Permission
from deploy.local.discord.state.guild import GALLERY, GUILD, LIN, STUDIO
from storage.domain.job import Job
from tests.support.backend import until
from tests.support.discord.local_chat import LocalChat

UNKNOWN_TO_LIN = "我已经没有这段动画的记录了"


async def asked(member: MemberClient, reference: str) -> Json:
    """Use /clip; return the answer once it says something."""
    outcome = await member.command("clip", clip=reference)
    return await member.wait_for_message(outcome["message"], lambda one: one["content"])


async def refusal(member: MemberClient, reference: str) -> str:
    """Use /clip; return what it is refused with."""
    before = {one["id"] for one in await member.messages()}
    await member.command("clip", clip=reference)
    new: list[Json] = []

    async def is_told() -> bool:
        new[:] = [one for one in await member.messages() if one["id"] not in before]
        return len(new) == 1 and new[0]["content"].startswith("⚠️ ")

    await until(is_told)
    assert clip_of(new[0]) is None
    return str(new[0]["content"])


def link(channel: str, message: str, guild: str = GUILD) -> str:
    return f"https://discord.com/channels/{guild}/{channel}/{message}"


async def make_clip(chat: LocalChat) -> tuple[str, Job]:
    """Let Ada order a clip; return its message and its job."""
    message = await chat.order()
    await chat.deliver()
    job = await chat.backend.studio.shown.at("discord", chat.ada.channel, message)
    assert job is not None
    return message, job


async def test_own_clips_are_shown_anywhere_and_others_where_they_were_posted(
    chat: LocalChat, lin: MemberClient
) -> None:
    message, job = await make_clip(chat)
    chat.ada.channel = chat.direct
    for reference in (job.id, job.id.upper(), link(STUDIO, message), f"<{link(STUDIO, message)}>"):
        shown = await asked(chat.ada, reference)
        assert clip_of(shown)
        assert "show" in buttons_of(shown)
    for reference in (job.id, link(STUDIO, message)):
        shown = await asked(lin, reference)
        assert clip_of(shown)
        assert list(buttons_of(shown)) == ["again", "tweak", "extend", "details", "finish"]
    assert chat.refusals() == []


async def test_nothing_is_shown_or_told_of_a_channel_that_somebody_does_not_read(
    chat: LocalChat, lin: MemberClient
) -> None:
    message, job = await make_clip(chat)
    unknown = await refusal(lin, "0" * 16)
    await chat.forbid(Permission.VIEW_CHANNEL, LIN)
    for reference in (job.id, link(STUDIO, message)):
        assert await refusal(lin, reference) == unknown
    await chat.forbid(Permission.READ_MESSAGE_HISTORY, LIN)
    assert await refusal(lin, job.id) == unknown
    await chat.forbid(0, LIN)
    assert clip_of(await asked(lin, job.id))
    await chat.client.http.delete_message(int(STUDIO), int(message))
    assert await refusal(lin, job.id) == unknown


async def test_nothing_is_shown_of_direct_messages_and_of_other_servers(
    chat: LocalChat, lin: MemberClient
) -> None:
    chat.ada.channel = chat.direct
    message, job = await make_clip(chat)
    unknown = await refusal(lin, "0" * 16)
    for reference in (job.id, link(chat.direct, message, "@me"), link(chat.direct, message)):
        assert await refusal(lin, reference) == unknown
    chat.ada.channel = STUDIO
    message, job = await make_clip(chat)
    other = await chat.ada.call("POST", "/local/guilds", {"name": "other", "owner": LIN})
    await until(lambda: chat.client.get_guild(int(other["id"])) is not None)
    lin.channel = other["channel"]
    for guild in (GUILD, other["id"]):
        assert await refusal(lin, link(STUDIO, message, guild)) == unknown
    assert await refusal(lin, job.id) == unknown


async def test_a_clip_that_was_shown_again_is_found_by_that_message(
    chat: LocalChat, lin: MemberClient
) -> None:
    chat.ada.channel = chat.direct
    _, job = await make_clip(chat)
    chat.ada.channel = GALLERY
    shown = await asked(chat.ada, job.id)
    posted = await chat.ada.press(shown["id"], buttons_of(shown)["show"])
    await chat.ada.wait_for_message(posted["message"], clip_of)
    assert clip_of(await asked(lin, link(GALLERY, posted["message"])))
    own = await lin.post("just words")
    assert UNKNOWN_TO_LIN in await refusal(lin, link(GALLERY, own["id"]))


async def test_what_is_no_id_and_no_link_is_said_to_be_none(chat: LocalChat) -> None:
    for reference in ("a cat", "https://example.com/channels/1/2/3", "123", "0" * 17):
        assert "neither the id of a clip" in await refusal(chat.ada, reference)
