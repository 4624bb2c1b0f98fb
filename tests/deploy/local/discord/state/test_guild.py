"""Guilds: permissions, time-outs, a second server, kicks, outages and user installs."""

import pytest

from deploy.local.discord import Json
from deploy.local.discord.member.client import MemberApiError, MemberClient
from deploy.local.discord.rules.permissions import Permission
from deploy.local.discord.server import LocalDiscord
from deploy.local.discord.state.guild import ADA, BOT, GUILD, LIN, SAM, STUDIO
from tests.support.discord.raw_bot import ANIMATE, RawBot

MIB = 1024 * 1024


async def add_guild(member: MemberClient, *, installed: bool) -> dict[str, str]:
    body = {"name": "Elsewhere", "owner": SAM, "installed": installed}
    guild: dict[str, str] = await member.call("POST", "/local/guilds", body)
    member.channel = guild["channel"]
    return guild


def label(field: Json) -> Json:
    """Return a modal's label with this field."""
    return {"type": 18, "label": "A", "component": field}


async def test_who_may_not_send_may_not_attach_or_embed(
    raw_bot: RawBot, member: MemberClient
) -> None:
    deny = {"deny": int(Permission.SEND_MESSAGES)}
    await member.call("PUT", f"/local/channels/{STUDIO}/overwrites/bot", deny)
    interaction = await raw_bot.receive_command(member)
    allowed = int(interaction["app_permissions"])
    assert allowed & Permission.VIEW_CHANNEL
    assert not allowed & (Permission.ATTACH_FILES | Permission.EMBED_LINKS)


async def test_a_member_in_time_out_can_only_read(server: LocalDiscord, raw_bot: RawBot) -> None:
    async with MemberClient(server.url, user_id=LIN) as lin:
        posted = await lin.post("before")
        buttons = [{"type": 2, "style": 1, "label": "Go", "custom_id": "go"}]
        body = {"content": "x", "components": [{"type": 1, "components": buttons}]}
        _, message = await raw_bot.answer_command(lin, body)
        interaction = await raw_bot.receive_command(lin)
        field = {"type": 4, "style": 1, "custom_id": "a"}
        modal = {"title": "A", "custom_id": "a", "components": [label(field)]}
        await raw_bot.answer(interaction, 9, modal)
        await lin.call("PATCH", f"/local/members/{LIN}", {"timed_out": 600})
        changed = await raw_bot.event("GUILD_MEMBER_UPDATE")
        assert changed["communication_disabled_until"]
        assert await lin.commands() == []
        assert len(await lin.messages()) == 2
        for action in (
            lin.post("x"),
            lin.command("animate", prompt="x"),
            lin.react(posted["id"], "👍"),
            lin.press(message["id"], "go"),
            lin.submit(interaction["id"], {"a": "x"}),
        ):
            with pytest.raises(MemberApiError):
                await action
        server.clock.advance(601)
        await lin.post("after")


async def test_a_bot_in_time_out_cannot_post(server: LocalDiscord, member: MemberClient) -> None:
    await member.call("PATCH", "/local/members/bot", {"timed_out": 600})
    async with RawBot(server) as bot:
        status, answer = await bot.request("POST", f"/channels/{STUDIO}/messages", {"content": "x"})
    assert (status, answer["code"]) == (403, 50013)


async def test_a_second_server_is_announced_and_used(raw_bot: RawBot, member: MemberClient) -> None:
    guild = await add_guild(member, installed=True)
    created = await raw_bot.event("GUILD_CREATE")
    assert (created["id"], created["channels"][0]["id"]) == (guild["id"], guild["channel"])
    assert not {"installed", "outage", "automod_words"} & set(created)
    interaction = await raw_bot.receive_command(member)
    assert interaction["guild_id"] == guild["id"]
    path = f"/channels/{guild['channel']}/messages"
    _, message = await raw_bot.request("POST", path, {"content": "x"})
    assert (await raw_bot.event("MESSAGE_CREATE"))["guild_id"] == guild["id"]
    assert message["channel_id"] == guild["channel"]
    async with RawBot(raw_bot.server) as again:
        await again.connect()
        await again.send(2, {"token": "local", "intents": 1})
        ready = (await again.receive())["d"]
        assert [one["id"] for one in ready["guilds"]] == [GUILD, guild["id"]]


async def test_a_kicked_bot_finds_neither_guild_nor_channels(
    raw_bot: RawBot, member: MemberClient
) -> None:
    interaction, _ = await raw_bot.answer_command(member, {"content": "0 %"})
    await member.call("PATCH", "/local/guilds/main", {"installed": False})
    assert await raw_bot.event("GUILD_DELETE") == {"id": GUILD}
    for method, path, code in (
        ("POST", f"/channels/{STUDIO}/messages", 50001),
        ("GET", f"/guilds/{GUILD}", 10004),
    ):
        status, answer = await raw_bot.request(method, path, {"content": "x"})
        assert (status, answer["code"]) == (403 if code == 50001 else 404, code)
    path = f"/webhooks/{BOT}/{interaction['token']}/messages/@original"
    assert (await raw_bot.request("PATCH", path, {"content": "100 %"}))[0] == 200
    _, direct = await raw_bot.request("POST", "/users/@me/channels", {"recipient_id": ADA})
    path = f"/channels/{direct['id']}/messages"
    status, answer = await raw_bot.request("POST", path, {"content": "x"})
    assert (status, answer["code"]) == (403, 50278)
    await member.call("PATCH", f"/local/members/{ADA}", {"user_install": True})
    assert (await raw_bot.request("POST", path, {"content": "x"}))[0] == 200
    await member.call("PATCH", f"/local/members/{ADA}", {"user_install": False})
    assert await member.commands() == []
    await member.call("PATCH", "/local/guilds/main", {"installed": True})
    assert (await raw_bot.event("GUILD_CREATE"))["id"] == GUILD


async def test_an_outage_makes_the_guild_unavailable(raw_bot: RawBot, member: MemberClient) -> None:
    await member.call("PATCH", "/local/guilds/main", {"outage": True})
    assert await raw_bot.event("GUILD_DELETE") == {"id": GUILD, "unavailable": True}
    path = f"/channels/{STUDIO}/messages"
    assert (await raw_bot.request("POST", path, {"content": "x"}))[0] == 503
    await member.call("PATCH", "/local/guilds/main", {"outage": False})
    assert (await raw_bot.event("GUILD_CREATE"))["id"] == GUILD
    assert (await raw_bot.request("POST", path, {"content": "x"}))[0] == 200


async def test_a_user_install_has_no_bot_and_five_follow_ups(
    raw_bot: RawBot, member: MemberClient
) -> None:
    guild = await add_guild(member, installed=False)
    assert await member.commands() == []
    await member.call("PATCH", f"/local/members/{member.user_id}", {"user_install": True})
    await raw_bot.register(ANIMATE, {**ANIMATE, "name": "report", "integration_types": [0]})
    assert [entry["name"] for entry in await member.commands()] == ["animate"]
    interaction, message = await raw_bot.answer_command(member, {"content": "0 %"})
    assert interaction["authorizing_integration_owners"] == {"1": member.user_id}
    assert not message["flags"] & 64
    for path, method in (
        (f"/channels/{guild['channel']}/messages", "POST"),
        (f"/channels/{guild['channel']}/messages/{message['id']}/reactions/👍/@me", "PUT"),
    ):
        status, answer = await raw_bot.request(method, path, {"content": "x"})
        assert (status, answer["code"]) == (403, 50001)
    path = f"/webhooks/{BOT}/{interaction['token']}"
    for _ in range(5):
        assert (await raw_bot.request("POST", path, {"content": "more"}))[0] == 200
        raw_bot.server.clock.advance(1)
    status, answer = await raw_bot.request("POST", path, {"content": "one too many"})
    assert (status, answer["code"]) == (400, 40094)


async def test_without_external_apps_a_user_install_answers_in_secret(
    raw_bot: RawBot, member: MemberClient
) -> None:
    guild = await add_guild(member, installed=False)
    await member.call("PATCH", f"/local/members/{member.user_id}", {"user_install": True})
    overwrite = f"/local/channels/{guild['channel']}/overwrites/{member.user_id}"
    await member.call("PUT", overwrite, {"deny": int(Permission.USE_EXTERNAL_APPS)})
    interaction = await raw_bot.receive_command(member)
    _, answer = await raw_bot.answer(interaction, 5)
    assert answer["interaction"]["response_message_ephemeral"]
    path = f"/webhooks/{BOT}/{interaction['token']}"
    await raw_bot.request("PATCH", f"{path}/messages/@original", {"content": "done"})
    _, message = await raw_bot.request("POST", path, {"content": "and more"})
    assert message["flags"] & 64
    async with MemberClient(member.url, user_id=SAM, channel=guild["channel"]) as sam:
        assert await sam.messages() == []


async def test_a_persons_limit_holds_for_their_interactions_only(
    raw_bot: RawBot, member: MemberClient
) -> None:
    await member.call("PATCH", f"/local/members/{member.user_id}", {"premium_type": 2})
    interaction = await raw_bot.receive_command(member)
    assert interaction["attachment_size_limit"] == 500 * MIB
    await raw_bot.answer(interaction, 5)
    heavy = bytes(10 * MIB + 1)
    path = f"/webhooks/{BOT}/{interaction['token']}"
    assert (await raw_bot.post(path, {}, heavy))[0] == 200
    status, answer = await raw_bot.post(f"/channels/{STUDIO}/messages", {}, heavy)
    assert (status, answer["code"]) == (413, 40005)
