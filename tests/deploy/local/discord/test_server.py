"""The server's state is kept in its folder."""

from pathlib import Path

from deploy.local.discord.member.client import MemberClient
from deploy.local.discord.server import LocalDiscord
from deploy.local.discord.state.guild import STUDIO
from tests.support.discord.raw_bot import ANIMATE, RawBot


async def test_the_state_survives_a_restart(tmp_path: Path) -> None:
    async with LocalDiscord(tmp_path) as first, RawBot(first) as bot:
        await bot.identify()
        await bot.register(ANIMATE)
        async with MemberClient(first.url) as member:
            upload = await member.upload("boat.png", b"picture")
            posted = await member.post("remember me", upload)
            await member.react(posted["id"], "👍")
    async with LocalDiscord(tmp_path) as second, MemberClient(second.url) as member:
        message = (await member.messages())[0]
        assert (message["content"], message["reactions"][0]["me"]) == ("remember me", True)
        assert await member.download(message["attachments"][0]) == b"picture"
        assert (await member.commands())[0]["name"] == "animate"
        assert not (await member.state())["bot"]["online"]
        async with RawBot(second) as bot:
            status, _ = await bot.request("GET", f"/channels/{STUDIO}/messages/{posted['id']}")
            assert status == 200
