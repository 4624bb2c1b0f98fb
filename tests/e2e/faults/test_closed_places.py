"""A place that closes while a clip is made: the clip comes another way, made by real processes."""

from typing import Any

import pytest

from deploy.local.clip_messages import clip_of
from deploy.local.discord import Json
from deploy.local.discord.member.client import MemberClient
from deploy.local.stack.waiting import poll
from tests.e2e.members import (
    PATIENCE,
    PHOTOGRAPH,
    NewMembers,
    order,
    wait_for_clip,
    wait_for_new_messages,
    wait_for_progress,
)

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(600)]
LONG: dict[str, Any] = {"frames": 8, "steps": 50}
"""Options of a clip that takes long enough for its place to change."""


async def test_a_clip_whose_thread_was_archived_opens_it_again(members: NewMembers) -> None:
    member = await members.join()
    path = f"/local/channels/{member.channel}/threads"
    member.channel = (await member.call("POST", path, {"name": "a post"}))["id"]
    waiting = await order(member, PHOTOGRAPH.read_bytes(), seed=91, **LONG)
    await wait_for_progress(member, waiting)
    await member.call("PATCH", f"/local/threads/{member.channel}", {"archived": True})
    [new] = await wait_for_new_messages(member, {waiting})
    clip = await wait_for_clip(member, new)
    assert [user["id"] for user in clip.message["mentions"]] == [member.user_id]
    await member.wait_until_deleted(waiting)


async def test_a_clip_that_automod_blocks_is_sent_directly(members: NewMembers) -> None:
    member = await members.join()
    waiting = await order(member, PHOTOGRAPH.read_bytes(), "a zyzzyva, zoom in", seed=92, **LONG)
    await wait_for_progress(member, waiting)
    await member.call("PATCH", "/local/guilds/main", {"automod_words": ["zyzzyva"]})
    assert clip_of(await first_direct_message(member)) is not None
    await member.wait_until_deleted(waiting)


async def first_direct_message(member: MemberClient) -> Json:
    """Wait for the bot's first direct message to a member."""

    async def find() -> Json | None:
        channels = (await member.state())["channels"]
        for channel in channels:
            if "recipients" in channel:
                path = f"/local/channels/{channel['id']}/messages"
                messages: list[Json] = await member.call("GET", path)
                if messages:
                    return messages[0]
        return None

    return await poll(find, PATIENCE, "a direct message")
