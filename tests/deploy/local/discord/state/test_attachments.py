"""Attachments: the upload limit, and downloads of a part."""

from deploy.local.discord.member.client import MemberClient
from deploy.local.discord.server import LocalDiscord
from deploy.local.discord.state.guild import STUDIO
from tests.support.discord.raw_bot import RawBot

MESSAGES = f"/channels/{STUDIO}/messages"


async def test_a_file_over_the_limit_of_this_guild_is_refused(
    server: LocalDiscord, member: MemberClient
) -> None:
    heavy = bytes(10 * 1024 * 1024 + 1)
    async with RawBot(server) as bot:
        status, answer = await bot.post(MESSAGES, {}, heavy)
        assert (status, answer["code"]) == (413, 40005)
        await member.call("PATCH", "/local/guilds/main", {"premium_tier": 2})
        status, answer = await bot.post(MESSAGES, {}, heavy)
        assert (status, answer["attachments"][0]["size"]) == (200, len(heavy))


async def test_a_range_of_a_file_can_be_downloaded(server: LocalDiscord) -> None:
    async with RawBot(server) as bot:
        _, message = await bot.post(MESSAGES, {}, b"0123456789")
        url = message["attachments"][0]["url"]
        async with bot.session.get(url, headers={"Range": "bytes=2-4"}) as answer:
            assert (answer.status, await answer.read()) == (206, b"234")
            assert answer.headers["Content-Type"] == "video/mp4"


async def test_a_url_is_signed_and_expires(server: LocalDiscord) -> None:
    async with RawBot(server) as bot:
        _, message = await bot.post(MESSAGES, {}, b"0123456789")
        url = message["attachments"][0]["url"]
        async with bot.session.get(url) as answer:
            assert answer.status == 200
        for changed in (url.partition("?")[0], url[:-1] + ("0" if url[-1] != "0" else "1")):
            async with bot.session.get(changed) as answer:
                assert answer.status == 404
        server.clock.advance(26 * 3600)
        async with bot.session.get(url) as answer:
            assert (answer.status, await answer.text()) == (
                404,
                "This content is no longer available.",
            )
        _, message = await bot.request("GET", f"{MESSAGES}/{message['id']}")
        async with bot.session.get(message["attachments"][0]["url"]) as answer:
            assert answer.status == 200
