"""All traffic is as Discord's own description of its API says."""

import copy
from collections.abc import AsyncIterator
from pathlib import Path

import discord
import pytest
import pytest_asyncio

from deploy.local.discord import Json
from deploy.local.discord.member.client import MemberClient
from deploy.local.discord.server import LocalDiscord
from deploy.local.discord.state.guild import LIN
from tests.support.discord.api_conformance import (
    ConformanceChecker,
    find_description,
    read_wire_log,
)
from tests.support.discord.sample_bot import SampleBot

DESCRIPTION = find_description()
pytestmark = pytest.mark.skipif(
    DESCRIPTION is None, reason="Discord's description is not here; DISCORD_SPEC may name it"
)


@pytest.fixture(scope="module")
def checker() -> ConformanceChecker:
    assert DESCRIPTION is not None
    return ConformanceChecker(DESCRIPTION)


@pytest.fixture
def wire_log(tmp_path: Path) -> Path:
    return tmp_path / "wire.jsonl"


@pytest_asyncio.fixture
async def server(tmp_path: Path, wire_log: Path) -> AsyncIterator[LocalDiscord]:
    async with LocalDiscord(tmp_path / "discord", wire_log=wire_log) as started:
        yield started


async def use_everything(bot: SampleBot, member: MemberClient) -> None:
    """Let a member and the bot use each feature once."""
    picture = await member.upload("boat.png", b"picture")
    answer = await member.command("animate", picture=picture, prompt="zoom in")
    done = await member.wait_for_message(
        answer["message"], lambda message: bool(message["attachments"])
    )
    await member.press(done["id"], "again:1")
    opened = await member.press(done["id"], "tweak:1")
    await member.submit(opened["interaction"], {"speed": ["slow"]})
    posted = await member.post("look", picture)
    await member.message_command("Animate this", posted["id"])
    await member.command("quiet")
    await member.command("card")
    await member.react(done["id"], "🔁")
    await member.wait_for_message(posted["id"], lambda _: True)
    direct = await member.call("POST", "/local/direct", {"member": member.user_id})
    async with MemberClient(member.url, channel=direct["id"]) as private:
        private_answer = await private.command("quiet")
        assert private_answer["kind"] == "message"
    await member.press(done["id"], "delete:1")
    await use_the_api(bot, member)
    await change_the_world(bot, member)


async def change_the_world(bot: SampleBot, member: MemberClient) -> None:
    """Let the bot meet a thread, a second server, a time-out, an outage, a kick and limits."""
    parent = f"/local/channels/{member.channel}"
    thread = await member.call("POST", f"{parent}/threads", {"name": "post"})
    async with MemberClient(member.url, channel=thread["id"]) as inside:
        await inside.command("quiet")
        await inside.post("", forward=(await inside.post("look"))["id"])
        await inside.post("https://example.org/a.png", preview=await inside.upload("a.png", b"a"))
    await member.call("PATCH", f"/local/threads/{thread['id']}", {"archived": True})
    channel = await bot.fetch_channel(int(thread["id"]))
    assert isinstance(channel, discord.Thread)
    await channel.send("open again")
    await member.call("PATCH", f"/local/members/{LIN}", {"timed_out": 60})
    for fields in (
        {"premium_tier": 2},
        {"outage": True},
        {"outage": False},
        {"installed": False},
        {"installed": True},
    ):
        await member.call("PATCH", "/local/guilds/main", fields)
    body = {"name": "Elsewhere", "installed": False}
    elsewhere = await member.call("POST", "/local/guilds", body)
    await member.call("PATCH", f"/local/members/{member.user_id}", {"user_install": True})
    async with MemberClient(member.url, channel=elsewhere["channel"]) as there:
        assert (await there.command("quiet"))["kind"] == "message"
    await member.call("PATCH", f"/local/guilds/{elsewhere['id']}", {"installed": True})
    await member.call("POST", "/local/faults", {"path": f"{channel.id}$", "status": 429})
    await bot.fetch_channel(channel.id)


async def use_the_api(bot: SampleBot, member: MemberClient) -> None:
    """Let the bot use the REST API on its own."""
    channel = await bot.fetch_channel(int(member.channel))
    assert isinstance(channel, discord.TextChannel)
    message = await channel.send("hello", embed=discord.Embed(title="A", description="B"))
    await message.edit(content="hello again", view=discord.ui.View())
    with bot.clip.open("rb") as clip:
        await message.reply("yes", file=discord.File(clip))
    await message.add_reaction("👍")
    await message.remove_reaction("👍", discord.Object(bot.application_id or 0))
    await channel.fetch_message(message.id)
    assert [found async for found in channel.history(limit=3)]
    async with channel.typing():
        await message.delete()
    guild = await bot.fetch_guild(channel.guild.id)
    await guild.fetch_member(int(member.user_id))
    await guild.fetch_roles()
    await guild.fetch_channels()
    person = await bot.fetch_user(int(member.user_id))
    await person.send("in private")
    await bot.tree.fetch_commands()
    with pytest.raises(discord.NotFound):
        await channel.fetch_message(1)
    with pytest.raises(discord.HTTPException):
        await channel.send("x" * 2001)


async def test_every_request_answer_and_event_conforms(
    bot: SampleBot, member: MemberClient, wire_log: Path, checker: ConformanceChecker
) -> None:
    await use_everything(bot, member)
    entries = read_wire_log(wire_log)
    faults = checker.check(entries)
    assert not faults, "\n".join(faults)
    events = {entry["event"] for entry in entries if entry["kind"] == "event"}
    assert {"READY", "GUILD_CREATE", "INTERACTION_CREATE", "MESSAGE_UPDATE"} <= events
    assert {"THREAD_CREATE", "THREAD_UPDATE", "GUILD_UPDATE", "GUILD_DELETE"} <= events
    assert "GUILD_MEMBER_UPDATE" in events
    assert any(entry.get("status") == 429 for entry in entries)
    assert len(entries) > 80


async def test_the_checker_finds_faults(
    bot: SampleBot, member: MemberClient, wire_log: Path, checker: ConformanceChecker
) -> None:
    await member.command("quiet")
    entries = read_wire_log(wire_log)
    assert not checker.check(entries)
    misspelt = [_change(entry) for entry in copy.deepcopy(entries)]
    faults = checker.check(misspelt)
    assert any("globalname" in fault for fault in faults)
    assert any("'application_id' is a required property" in fault for fault in faults)
    assert any("flagz" in fault for fault in faults)


def _change(entry: Json) -> Json:
    if entry["kind"] == "event":
        if entry["event"] == "INTERACTION_CREATE":
            del entry["data"]["application_id"]
    elif entry["path"] == "/users/@me":
        entry["answer"]["globalname"] = entry["answer"].pop("global_name")
    elif entry["path"].endswith("/callback"):
        entry["request"]["data"]["flagz"] = 64
    return entry
