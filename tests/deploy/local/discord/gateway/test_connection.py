"""The gateway's protocol: HELLO, identify, heartbeats, resume, and close codes."""

import asyncio

import aiohttp
import pytest

from deploy.local.discord.member.client import MemberClient
from deploy.local.discord.server import LocalDiscord
from deploy.local.discord.state.guild import ADA
from tests.support.discord.raw_bot import ANIMATE, INTENTS, RawBot


async def test_a_session_begins_with_hello_ready_and_the_guild(server: LocalDiscord) -> None:
    async with RawBot(server) as bot:
        hello = await bot.connect()
        assert (hello["op"], hello["d"]["heartbeat_interval"]) == (10, 41250)
        await bot.send(2, {"token": "local", "intents": INTENTS})
        ready, guild = await bot.receive(), await bot.receive()
        assert ready["d"]["resume_gateway_url"] == server.gateway_url
        assert (guild["t"], guild["s"], len(guild["d"]["members"])) == ("GUILD_CREATE", 2, 4)
        await bot.send(1, 2)
        assert (await bot.receive())["op"] == 11


@pytest.mark.parametrize(
    ("op", "data", "code"),
    [
        (2, {"token": "wrong", "intents": 0}, 4004),
        (2, {"token": "local", "intents": 1 << 15}, 4014),
        (3, {}, 4003),
    ],
)
async def test_a_violation_closes_the_connection_with_its_code(
    server: LocalDiscord, op: int, data: dict[str, object], code: int
) -> None:
    async with RawBot(server) as bot:
        await bot.connect()
        await bot.send(op, data)
        assert await bot.closed_with() == code


async def test_a_resumed_session_gets_the_events_that_it_missed(
    server: LocalDiscord, member: MemberClient
) -> None:
    async with RawBot(server) as bot:
        ready = await bot.identify()
        await member.call("POST", "/local/gateway/drop")
        assert await bot.closed_with() == 4000
        posted = await member.post("while you were away")
        await bot.connect()
        resume = {"token": "local", "session_id": ready["session_id"], "seq": bot.sequence}
        await bot.send(6, resume)
        assert (await bot.event("MESSAGE_CREATE"))["id"] == posted["id"]
        await bot.event("RESUMED")


async def test_a_silent_connection_stays_open_and_its_session_goes_on_elsewhere(
    server: LocalDiscord, member: MemberClient
) -> None:
    async with RawBot(server) as bot, RawBot(server) as again:
        ready = await bot.identify()
        await member.call("POST", "/local/gateway/silence")
        posted = await member.post("not heard")
        await bot.send(1, bot.sequence)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(bot.receive(), 0.3)
        await again.connect()
        resume = {"token": "local", "session_id": ready["session_id"], "seq": bot.sequence}
        await again.send(6, resume)
        assert (await again.event("MESSAGE_CREATE"))["id"] == posted["id"]
    assert server._gateway.online is False


async def test_an_unknown_session_is_invalid(server: LocalDiscord) -> None:
    async with RawBot(server) as bot:
        await bot.connect()
        await bot.send(6, {"token": "local", "session_id": "lost", "seq": 1})
        body = await bot.receive()
        assert (body["op"], body["d"]) == (9, False)


async def test_events_are_filtered_by_intents(server: LocalDiscord, member: MemberClient) -> None:
    async with RawBot(server) as bot:
        await bot.identify(1 << 10)
        posted = await member.post("not sent")
        await member.react(posted["id"], "🔁")
        received = await bot.receive()
        assert (received["t"], received["d"]["message_author_id"]) == ("MESSAGE_REACTION_ADD", ADA)


async def test_a_reset_token_closes_the_gateway_for_good(
    server: LocalDiscord, member: MemberClient
) -> None:
    async with RawBot(server) as bot:
        await bot.identify()
        await member.call("PATCH", "/local/world", {"token": "another"})
        assert await bot.closed_with() == 4004
        assert (await bot.request("GET", "/users/@me"))[0] == 401
        await bot.connect()
        await bot.send(2, {"token": "local", "intents": INTENTS})
        assert await bot.closed_with() == 4004


async def test_where_sharding_is_required_only_a_shard_may_identify(
    server: LocalDiscord, member: MemberClient
) -> None:
    async with RawBot(server) as bot:
        await bot.identify()
        await member.call("PATCH", "/local/world", {"sharding_required": True})
        assert await bot.closed_with() == 4011
        await bot.connect()
        await bot.send(2, {"token": "local", "intents": INTENTS})
        assert await bot.closed_with() == 4011
        await bot.connect()
        await bot.send(2, {"token": "local", "intents": INTENTS, "shard": [0, 1]})
        assert (await bot.receive())["d"]["shard"] == [0, 1]


async def test_a_closed_gateway_takes_no_connections(
    server: LocalDiscord, member: MemberClient
) -> None:
    async with RawBot(server) as bot:
        await bot.identify()
        await member.call("PATCH", "/local/world", {"gateway_closed": True})
        assert await bot.closed_with() == 4000
        with pytest.raises(aiohttp.WSServerHandshakeError, match="503"):
            await bot.connect()
        await member.call("PATCH", "/local/world", {"gateway_closed": False})
        await bot.connect()


async def test_interactions_may_be_repeated_and_late(
    server: LocalDiscord, member: MemberClient
) -> None:
    async with RawBot(server) as bot:
        await bot.identify()
        await bot.register(ANIMATE)
        await member.call("PATCH", "/local/world", {"event_repeats": 1})
        first = await bot.receive_command(member)
        assert (await bot.event("INTERACTION_CREATE"))["id"] == first["id"]
        await member.call("PATCH", "/local/world", {"event_repeats": 0, "event_delay": 0.3})
        began = asyncio.get_running_loop().time()
        assert (await bot.receive_command(member))["id"] != first["id"]
        assert asyncio.get_running_loop().time() - began > 0.29
