"""All that goes over the wire, judged by Discord's own description of it."""

import copy
from collections.abc import AsyncIterator
from pathlib import Path

import discord
import pytest
import pytest_asyncio

from deploy.local.discord.member.client import Member
from deploy.local.discord.server import LocalDiscord
from deploy.local.discord.wire_log import Journal
from tests.deploy.local.discord.judge import Json, Judge, find_description, read_journal
from tests.deploy.local.discord.small_bot import SmallBot

DESCRIPTION = find_description()
pytestmark = pytest.mark.skipif(
    DESCRIPTION is None, reason="Discord's description is not here; DISCORD_SPEC may name it"
)


@pytest.fixture(scope="module")
def judge() -> Judge:
    assert DESCRIPTION is not None
    return Judge(DESCRIPTION)


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "journal.jsonl"


@pytest_asyncio.fixture
async def server(tmp_path: Path, journal: Path) -> AsyncIterator[LocalDiscord]:
    async with LocalDiscord(tmp_path / "discord", recorder=Journal(journal)) as started:
        yield started


async def use_everything(bot: SmallBot, member: Member) -> None:
    """What members do with a bot, and a bot with them."""
    picture = await member.upload("boat.png", b"picture")
    answer = await member.command("animate", picture=picture, prompt="zoom in")
    done = await member.watch(answer["message"], lambda message: bool(message["attachments"]))
    await member.press(done["id"], "again:1")
    opened = await member.press(done["id"], "tweak:1")
    await member.submit(opened["interaction"], {"speed": ["slow"]})
    said = await member.say("look", picture)
    await member.message_command("Animate this", said["id"])
    await member.command("quiet")
    await member.command("card")
    await member.react(done["id"], "🔁")
    await member.watch(said["id"], lambda _: True)
    direct = await member.call("POST", "/local/direct", {"member": member.person})
    async with Member(member.url, channel=direct["id"]) as private:
        whisper = await private.command("quiet")
        assert whisper["kind"] == "message"
    await member.press(done["id"], "delete:1")
    await use_the_api(bot, member)


async def use_the_api(bot: SmallBot, member: Member) -> None:
    """What a bot asks for without being asked."""
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
    await guild.fetch_member(int(member.person))
    await guild.fetch_roles()
    await guild.fetch_channels()
    person = await bot.fetch_user(int(member.person))
    await person.send("in private")
    await bot.tree.fetch_commands()
    with pytest.raises(discord.NotFound):
        await channel.fetch_message(1)
    with pytest.raises(discord.HTTPException):
        await channel.send("x" * 2001)


async def test_every_request_answer_and_event_is_as_discord_describes(
    bot: SmallBot, member: Member, journal: Path, judge: Judge
) -> None:
    await use_everything(bot, member)
    entries = read_journal(journal)
    faults = judge.judge(entries)
    assert not faults, "\n".join(faults)
    events = {entry["event"] for entry in entries if entry["kind"] == "event"}
    assert {"READY", "GUILD_CREATE", "INTERACTION_CREATE", "MESSAGE_UPDATE"} <= events
    assert len(entries) > 80


async def test_the_judge_catches_what_is_wrong(
    bot: SmallBot, member: Member, journal: Path, judge: Judge
) -> None:
    await member.command("quiet")
    entries = read_journal(journal)
    assert not judge.judge(entries)
    misspelt = [_change(entry) for entry in copy.deepcopy(entries)]
    faults = judge.judge(misspelt)
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
