"""The gateway's manners: hello, identify, heartbeats, resume, and how it closes."""

from pathlib import Path

import pytest

from deploy.local.discord.member.client import Member
from deploy.local.discord.server import LocalDiscord
from deploy.local.discord.state.guild import ADA, STUDIO
from tests.deploy.local.discord.wire import ANIMATE, INTENTS, Wire


async def test_a_session_begins_with_hello_ready_and_the_guild(server: LocalDiscord) -> None:
    async with Wire(server) as wire:
        hello = await wire.connect()
        assert (hello["op"], hello["d"]["heartbeat_interval"]) == (10, 41250)
        await wire.send(2, {"token": "local", "intents": INTENTS})
        ready, guild = await wire.hear(), await wire.hear()
        assert ready["d"]["resume_gateway_url"] == server.gateway_url
        assert (guild["t"], guild["s"], len(guild["d"]["members"])) == ("GUILD_CREATE", 2, 4)
        await wire.send(1, 2)
        assert (await wire.hear())["op"] == 11


@pytest.mark.parametrize(
    ("op", "data", "code"),
    [
        (2, {"token": "wrong", "intents": 0}, 4004),
        (2, {"token": "local", "intents": 1 << 15}, 4014),
        (3, {}, 4003),
    ],
)
async def test_bad_manners_close_the_connection(
    server: LocalDiscord, op: int, data: dict[str, object], code: int
) -> None:
    async with Wire(server) as wire:
        await wire.connect()
        await wire.send(op, data)
        assert await wire.closed_with() == code


async def test_a_dropped_session_hears_what_it_missed(server: LocalDiscord, member: Member) -> None:
    async with Wire(server) as wire:
        ready = await wire.identify()
        await member.call("POST", "/local/gateway/drop")
        assert await wire.closed_with() == 4000
        said = await member.say("while you were away")
        await wire.connect()
        resume = {"token": "local", "session_id": ready["session_id"], "seq": wire.number}
        await wire.send(6, resume)
        assert (await wire.event("MESSAGE_CREATE"))["id"] == said["id"]
        await wire.event("RESUMED")


async def test_a_lost_session_is_called_invalid(server: LocalDiscord) -> None:
    async with Wire(server) as wire:
        await wire.connect()
        await wire.send(6, {"token": "local", "session_id": "lost", "seq": 1})
        body = await wire.hear()
        assert (body["op"], body["d"]) == (9, False)


async def test_events_come_as_the_intents_say(server: LocalDiscord, member: Member) -> None:
    async with Wire(server) as wire:
        await wire.identify(1 << 10)
        said = await member.say("unheard")
        await member.react(said["id"], "🔁")
        heard = await wire.hear()
        assert (heard["t"], heard["d"]["message_author_id"]) == ("MESSAGE_REACTION_ADD", ADA)


async def test_the_state_outlives_the_server(tmp_path: Path) -> None:
    async with LocalDiscord(tmp_path) as first, Wire(first) as wire:
        await wire.identify()
        await wire.register(ANIMATE)
        async with Member(first.url) as member:
            upload = await member.upload("boat.png", b"picture")
            said = await member.say("remember me", upload)
            await member.react(said["id"], "👍")
    async with LocalDiscord(tmp_path) as second, Member(second.url) as member:
        message = (await member.messages())[0]
        assert (message["content"], message["reactions"][0]["me"]) == ("remember me", True)
        assert await member.download(message["attachments"][0]) == b"picture"
        assert (await member.commands())[0]["name"] == "animate"
        assert not (await member.state())["bot"]["online"]
        async with Wire(second) as wire:
            status, _ = await wire.ask("GET", f"/channels/{STUDIO}/messages/{said['id']}")
            assert status == 200
