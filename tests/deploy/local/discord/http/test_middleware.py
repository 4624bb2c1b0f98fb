"""Errors of the REST API: authorization, unknown ids, and injected faults."""

import aiohttp
import pytest

from deploy.local.discord.member.client import MemberClient
from deploy.local.discord.server import LocalDiscord
from deploy.local.discord.state.guild import BOT, GUILD, NO_BOTS, STUDIO
from tests.support.discord.raw_bot import RawBot

MESSAGES = f"/channels/{STUDIO}/messages"


async def test_a_wrong_token_and_unknown_ids_are_errors(server: LocalDiscord) -> None:
    async with RawBot(server, token="wrong") as unauthorized:
        assert await unauthorized.request("GET", "/users/@me") == (
            401,
            {"message": "401: Unauthorized", "code": 0},
        )
    async with RawBot(server) as bot:
        for path, code in (
            ("/channels/1", 10003),
            (f"{MESSAGES}/1", 10008),
            ("/users/1", 10013),
            (f"/guilds/{GUILD}/members/1", 10007),
            ("/guilds/1", 10004),
            ("/nowhere", 0),
        ):
            status, answer = await bot.request("GET", path)
            assert (status, answer["code"]) == (404, code)
        status, answer = await bot.request(
            "POST", f"/channels/{NO_BOTS}/messages", {"content": "x"}
        )
        assert (status, answer["code"]) == (403, 50013)


async def test_injected_faults_fail_so_many_requests(
    server: LocalDiscord, member: MemberClient
) -> None:
    fault = {"method": "POST", "path": "/messages$", "status": 413, "times": 1}
    await member.call("POST", "/local/faults", fault)
    async with RawBot(server) as bot:
        assert (await bot.request("POST", MESSAGES, {"content": "x"}))[0] == 413
        assert (await bot.request("POST", MESSAGES, {"content": "x"}))[0] == 200
        assert (await bot.request("GET", MESSAGES))[1][0]["author"]["id"] == BOT


async def test_a_login_can_meet_a_503_and_faults_can_be_cleared(
    server: LocalDiscord, member: MemberClient
) -> None:
    fault = {"path": "/users/@me$", "status": 503, "times": 1000}
    await member.call("POST", "/local/faults", fault)
    async with RawBot(server) as bot:
        assert (await bot.request("GET", "/users/@me"))[0] == 503
        await member.call("DELETE", "/local/faults")
        assert (await bot.request("GET", "/users/@me"))[0] == 200


async def test_a_connection_can_end_with_or_without_an_effect(
    server: LocalDiscord, member: MemberClient
) -> None:
    fault = {"method": "POST", "path": "/messages$", "status": 0}
    async with RawBot(server) as bot:
        for handled, posted in ((False, 0), (True, 1)):
            await member.call("POST", "/local/faults", {**fault, "handled": handled})
            with pytest.raises(aiohttp.ClientError):
                await bot.request("POST", MESSAGES, {"content": "x"})
            assert len(await member.messages()) == posted


async def test_a_fault_may_concern_uploads_alone(
    server: LocalDiscord, member: MemberClient
) -> None:
    fault = {"method": "POST", "path": "/messages$", "status": 413, "uploads": True}
    async with RawBot(server) as bot:
        await member.call("POST", "/local/faults", fault)
        assert (await bot.request("POST", MESSAGES, {"content": "x"}))[0] == 200
        assert (await bot.post(MESSAGES, {"content": "x"}, b"clip"))[0] == 413
        assert (await bot.post(MESSAGES, {"content": "x"}, b"clip"))[0] == 200
