"""Threads archive and lock; only sending opens an archived one again."""

import pytest_asyncio

from deploy.local.discord import Json
from deploy.local.discord.member.client import MemberClient
from deploy.local.discord.rules.permissions import Permission
from deploy.local.discord.state.guild import STUDIO
from tests.support.discord.raw_bot import RawBot


@pytest_asyncio.fixture
async def thread(raw_bot: RawBot, member: MemberClient) -> Json:
    path = f"/local/channels/{STUDIO}/threads"
    created: Json = await member.call("POST", path, {"name": "post"})
    assert (await raw_bot.event("THREAD_CREATE"))["id"] == created["id"]
    member.channel = created["id"]
    return created


async def change(member: MemberClient, thread: Json, **fields: bool) -> None:
    await member.call("PATCH", f"/local/threads/{thread['id']}", fields)


async def test_an_edit_in_an_archived_thread_is_refused_and_a_post_opens_it(
    raw_bot: RawBot, member: MemberClient, thread: Json
) -> None:
    interaction, message = await raw_bot.answer_command(member, {"content": "0 %"})
    await change(member, thread, archived=True)
    path = f"/channels/{thread['id']}/messages"
    by_token = f"/webhooks/{interaction['application_id']}/{interaction['token']}"
    for method, where in (
        ("PATCH", f"{by_token}/messages/@original"),
        ("PATCH", f"{path}/{message['id']}"),
    ):
        status, answer = await raw_bot.request(method, where, {"content": "50 %"})
        assert (status, answer["code"]) == (400, 50083)
    where = f"{path}/{message['id']}/reactions/👍/@me"
    status, answer = await raw_bot.request("PUT", where)
    assert (status, answer["code"]) == (400, 50083)
    assert (await raw_bot.request("POST", path, {"content": "done"}))[0] == 200
    opened = await raw_bot.event("THREAD_UPDATE")
    while opened["thread_metadata"]["archived"]:
        opened = await raw_bot.event("THREAD_UPDATE")
    edited = await raw_bot.request("PATCH", f"{path}/{message['id']}", {"content": "100 %"})
    assert edited[0] == 200


async def test_a_locked_thread_takes_messages_of_moderators_only(
    raw_bot: RawBot, member: MemberClient, thread: Json
) -> None:
    await change(member, thread, archived=True, locked=True)
    path = f"/channels/{thread['id']}/messages"
    status, answer = await raw_bot.request("POST", path, {"content": "done"})
    assert (status, answer["code"]) == (400, 160005)
    allow = {"allow": int(Permission.MANAGE_THREADS)}
    await member.call("PUT", f"/local/channels/{STUDIO}/overwrites/bot", allow)
    assert (await raw_bot.request("POST", path, {"content": "done"}))[0] == 200


async def test_a_thread_has_a_permission_to_send_of_its_own(
    raw_bot: RawBot, member: MemberClient, thread: Json
) -> None:
    path = f"/channels/{thread['id']}/messages"
    overwrite = f"/local/channels/{STUDIO}/overwrites/bot"
    await member.call("PUT", overwrite, {"deny": int(Permission.SEND_MESSAGES)})
    assert (await raw_bot.request("POST", path, {"content": "x"}))[0] == 200
    await member.call("PUT", overwrite, {"deny": int(Permission.SEND_MESSAGES_IN_THREADS)})
    status, answer = await raw_bot.request("POST", path, {"content": "x"})
    assert (status, answer["code"]) == (403, 50013)
