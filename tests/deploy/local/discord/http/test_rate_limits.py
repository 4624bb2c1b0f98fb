"""Rate limits: buckets, their headers, real 429s, and the ban for invalid requests."""

from deploy.local.discord.member.client import MemberClient
from deploy.local.discord.server import LocalDiscord
from deploy.local.discord.state.guild import GALLERY, STUDIO
from tests.support.discord.raw_bot import RawBot

MESSAGES = f"/channels/{STUDIO}/messages"


async def headers_of(bot: RawBot, method: str, path: str) -> tuple[int, dict[str, str]]:
    """Send a request; return its status and headers."""
    url, token = bot.server.api_url + path, {"Authorization": f"Bot {bot.token}"}
    async with bot.session.request(method, url, json={"content": "x"}, headers=token) as answer:
        return answer.status, dict(answer.headers)


async def test_a_bucket_counts_down_and_is_empty_with_a_429(server: LocalDiscord) -> None:
    async with RawBot(server) as bot:
        for left in (4, 3, 2, 1, 0):
            status, headers = await headers_of(bot, "POST", MESSAGES)
            assert (status, headers["X-RateLimit-Remaining"]) == (200, str(left))
        status, headers = await headers_of(bot, "POST", MESSAGES)
        assert (status, headers["X-RateLimit-Scope"]) == (429, "user")
        assert headers["Via"]
        assert 0 < int(headers["Retry-After"]) <= 5
        status, answer = await bot.request("POST", MESSAGES, {"content": "x"})
        assert (status, answer["global"]) == (429, False)
        assert 0 < answer["retry_after"] <= 5
        _, other = await headers_of(bot, "POST", f"/channels/{GALLERY}/messages")
        assert other["X-RateLimit-Remaining"] == "4"
        assert other["X-RateLimit-Bucket"] == headers["X-RateLimit-Bucket"]
        server.clock.advance(5)
        assert (await headers_of(bot, "POST", MESSAGES))[0] == 200


async def test_the_bots_total_is_limited_and_both_can_be_switched_off(
    server: LocalDiscord, member: MemberClient
) -> None:
    await member.call("PATCH", "/local/world", {"requests_per_second": 2})
    async with RawBot(server) as bot:
        answers = [await bot.request("GET", "/users/@me") for _ in range(3)]
        assert [status for status, _ in answers] == [200, 200, 429]
        assert answers[2][1]["global"] is True
        await member.call("PATCH", "/local/world", {"rate_limits": False})
        for _ in range(10):
            assert (await bot.request("POST", MESSAGES, {"content": "x"}))[0] == 200


async def test_too_many_invalid_requests_ban_the_address(
    server: LocalDiscord, member: MemberClient
) -> None:
    await member.call("PATCH", "/local/world", {"invalid_requests": 3})
    async with RawBot(server, token="wrong") as bot:
        for _ in range(3):
            assert (await bot.request("GET", "/users/@me"))[0] == 401
        bot.token = "local"
        status, headers = await headers_of(bot, "GET", "/users/@me")
        assert (status, "Via" in headers) == (429, False)
        server.clock.advance(601)
        assert (await headers_of(bot, "GET", "/users/@me"))[0] == 200
