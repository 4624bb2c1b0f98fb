"""Registered commands keep their ids."""

from deploy.local.discord.state.guild import BOT
from tests.support.discord.raw_bot import ANIMATE, RawBot


async def test_a_command_keeps_its_id_over_a_sync(raw_bot: RawBot) -> None:
    path = f"/applications/{BOT}/commands"
    _, before = await raw_bot.request("GET", path)
    await raw_bot.register(ANIMATE)
    _, after = await raw_bot.request("GET", path)
    assert before[0]["id"] == after[0]["id"]
