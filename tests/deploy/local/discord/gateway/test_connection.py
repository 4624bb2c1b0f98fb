"""The gateway's protocol: HELLO, identify, heartbeats, resume, and close codes."""

import asyncio

import aiohttp
import pytest

from deploy.local.discord.member.client import MemberClient
from deploy.local.discord.server import LocalDiscord
from deploy.local.discord.state.guild import ADA, GUILD
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


@pytest.mark.parametrize("shard", [[3, 3], [-1, 2], [0, 0], [0], "0/1", None, [0.0, 1.0]])
async def test_a_shard_that_cannot_be_closes_the_connection(
    server: LocalDiscord, shard: object
) -> None:
    async with RawBot(server) as bot:
        await bot.connect()
        await bot.send(2, {"token": "local", "intents": INTENTS, "shard": shard})
        assert await bot.closed_with() == 4010


async def test_fewer_shards_than_are_required_may_not_identify(
    server: LocalDiscord, member: MemberClient
) -> None:
    world = {"sharding_required": True, "shards": 3, "max_concurrency": 2}
    await member.call("PATCH", "/local/world", world)
    async with RawBot(server) as bot:
        _, gateway = await bot.request("GET", "/gateway/bot")
        assert gateway["shards"] == 3
        assert gateway["session_start_limit"]["max_concurrency"] == 2
        await bot.connect()
        await bot.send(2, {"token": "local", "intents": INTENTS, "shard": [0, 2]})
        assert await bot.closed_with() == 4011
        assert (await bot.identify(shard=(2, 3)))["shard"] == [2, 3]


async def test_each_shard_gets_the_events_of_its_guilds_and_the_first_direct_messages(
    server: LocalDiscord, member: MemberClient
) -> None:
    guilds = {shard_of(GUILD): (GUILD, member.channel)}
    while len(guilds) < 3:
        made = await member.call("POST", "/local/guilds", {"name": "more"})
        guilds[shard_of(made["id"])] = (made["id"], made["channel"])
    direct = await member.call("POST", "/local/direct", {"member": ADA})
    async with RawBot(server) as one, RawBot(server) as two, RawBot(server) as three:
        for number, bot in enumerate((one, two, three)):
            ready = await bot.identify(shard=(number, 3))
            assert {shard_of(guild["id"]) for guild in ready["guilds"]} == {number}
        channels = [channel for _, channel in guilds.values()] + [direct["id"]]
        posted = {}
        for channel in channels:
            async with MemberClient(server.url, channel=channel) as ada:
                posted[channel] = (await ada.post("here"))["id"]
        for number, bot in enumerate((one, two, three)):
            expected = [posted[guilds[number][1]]] + [posted[direct["id"]]] * (number == 0)
            assert [(await bot.event("MESSAGE_CREATE"))["id"] for _ in expected] == expected
            await bot.send(1, bot.sequence)
            assert (await bot.receive())["op"] == 11  # no further event before it


def shard_of(guild: str) -> int:
    return (int(guild) >> 22) % 3


async def test_of_shards_that_share_a_turn_one_may_identify_at_a_time(
    server: LocalDiscord, member: MemberClient
) -> None:
    await member.call("PATCH", "/local/world", {"identify_seconds": 60.0, "max_concurrency": 2})
    async with RawBot(server) as bot:
        for number in (0, 1):
            assert (await bot.identify(shard=(number, 3)))["shard"] == [number, 3]
        await bot.connect()
        await bot.send(2, {"token": "local", "intents": INTENTS, "shard": [2, 3]})
        assert (await bot.receive())["op"] == 9


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
