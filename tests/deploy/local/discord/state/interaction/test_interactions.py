"""Interactions: what they contain, and when their tokens expire."""

from deploy.local.discord.member.client import MemberClient
from deploy.local.discord.rules.permissions import Permission
from deploy.local.discord.server import LocalDiscord
from deploy.local.discord.state.guild import BOT, STUDIO
from tests.support.discord.raw_bot import RawBot


async def test_an_interaction_contains_what_the_bot_needs(
    raw_bot: RawBot, member: MemberClient
) -> None:
    body = await raw_bot.receive_command(member)
    assert body["attachment_size_limit"] == 10 * 1024 * 1024
    assert int(body["app_permissions"]) & Permission.ATTACH_FILES
    assert (body["locale"], body["context"], body["channel"]["id"]) == ("en-US", 0, STUDIO)
    assert body["data"]["options"] == [{"name": "prompt", "type": 3, "value": "x"}]


async def test_an_interaction_fails_after_three_seconds(
    server: LocalDiscord, raw_bot: RawBot, member: MemberClient
) -> None:
    interaction = await raw_bot.receive_command(member)
    server.clock.advance(3.1)
    status, answer = await raw_bot.answer(interaction, 4, {"content": "late"})
    assert (status, answer["code"]) == (404, 10062)
    outcome = await member.call("GET", f"/local/interactions/{interaction['id']}")
    assert outcome["kind"] == "failed"


async def test_a_wrong_token_is_an_unknown_interaction(
    raw_bot: RawBot, member: MemberClient
) -> None:
    interaction = await raw_bot.receive_command(member)
    status, answer = await raw_bot.answer({**interaction, "token": "guess"}, 5)
    assert (status, answer["code"]) == (404, 10062)


async def test_a_token_expires_after_fifteen_minutes(
    server: LocalDiscord, raw_bot: RawBot, member: MemberClient
) -> None:
    interaction, message = await raw_bot.answer_command(member, {"content": "yes"})
    path = f"/webhooks/{BOT}/{interaction['token']}/messages"
    edited = await raw_bot.request("PATCH", f"{path}/@original", {"content": "still"})
    assert edited[0] == 200
    assert (await raw_bot.request("GET", f"{path}/{message['id']}"))[1]["content"] == "still"
    server.clock.advance(901)
    status, answer = await raw_bot.request("PATCH", f"{path}/@original", {"content": "late"})
    assert (status, answer["code"]) == (401, 50027)
