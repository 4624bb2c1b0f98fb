"""What the bot may do in a channel, by its permissions."""

import pytest

from deploy.local.discord import Json
from deploy.local.discord.member.client import MemberClient
from deploy.local.discord.rules.permissions import Permission
from deploy.local.discord.server import LocalDiscord
from deploy.local.discord.state.guild import ADA, STUDIO
from tests.support.discord.raw_bot import RawBot

MESSAGES = f"/channels/{STUDIO}/messages"


@pytest.mark.parametrize(
    ("denied", "body", "files", "code"),
    [
        (Permission.VIEW_CHANNEL, {"content": "x"}, [], 50001),
        (Permission.SEND_MESSAGES, {"content": "x"}, [], 50013),
        (Permission.ATTACH_FILES, {"content": "x"}, [b"x"], 50013),
        (Permission.EMBED_LINKS, {"embeds": [{"title": "x"}]}, [], 50013),
    ],
)
async def test_a_missing_permission_is_an_error(  # noqa: PLR0917  # fixtures and cases
    server: LocalDiscord,
    member: MemberClient,
    denied: Permission,
    body: Json,
    files: list[bytes],
    code: int,
) -> None:
    path = f"/local/channels/{STUDIO}/overwrites/bot"
    await member.call("PUT", path, {"deny": int(denied)})
    async with RawBot(server) as bot:
        status, answer = await bot.post(MESSAGES, body, *files)
        assert (status, answer["code"]) == (403, code)
        await member.call("DELETE", path)
        assert (await bot.post(MESSAGES, body, *files))[0] == 200


async def test_another_users_message_can_be_read_but_not_changed(
    server: LocalDiscord, member: MemberClient
) -> None:
    posted = await member.post("secret")
    async with RawBot(server) as bot:
        _, seen = await bot.request("GET", f"{MESSAGES}/{posted['id']}")
        assert (seen["content"], seen["author"]["id"]) == ("", ADA)
        status, answer = await bot.request("PATCH", f"{MESSAGES}/{posted['id']}", {"content": "no"})
        assert (status, answer["code"]) == (403, 50005)


async def test_a_member_who_accepts_no_direct_messages_gets_none(
    server: LocalDiscord, member: MemberClient
) -> None:
    async with RawBot(server) as bot:
        _, channel = await bot.request("POST", "/users/@me/channels", {"recipient_id": ADA})
        path = f"/channels/{channel['id']}/messages"
        assert (await bot.request("POST", path, {"content": "hello"}))[0] == 200
        await member.call("PATCH", f"/local/members/{ADA}", {"takes_direct": False})
        status, answer = await bot.request("POST", path, {"content": "hello"})
    assert (status, answer["code"]) == (403, 50007)
