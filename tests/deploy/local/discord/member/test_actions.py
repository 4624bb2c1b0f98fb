"""Members can use what Discord's client would let them use."""

import pytest

from deploy.local.discord.member.client import MemberApiError, MemberClient
from deploy.local.discord.state.guild import SAM
from tests.support.discord.raw_bot import ANIMATE, RawBot


async def test_only_an_enabled_component_can_be_pressed(
    raw_bot: RawBot, member: MemberClient
) -> None:
    off = {"type": 2, "style": 1, "label": "Off", "custom_id": "off", "disabled": True}
    rows = [{"type": 1, "components": [off]}]
    _, message = await raw_bot.answer_command(member, {"content": "x", "components": rows})
    for name in ("off", "none"):
        with pytest.raises(MemberApiError, match="no enabled component"):
            await member.press(message["id"], name)


async def test_commands_are_shown_by_context_and_permission(
    raw_bot: RawBot, member: MemberClient
) -> None:
    admin = {**ANIMATE, "name": "report", "default_member_permissions": "32"}
    private = {**ANIMATE, "name": "private", "contexts": [1]}
    await raw_bot.register(ANIMATE, admin, private)
    assert [entry["name"] for entry in await member.commands()] == ["animate", "report"]
    async with MemberClient(member.url, user_id=SAM) as sam:
        assert [entry["name"] for entry in await sam.commands()] == ["animate"]
        with pytest.raises(MemberApiError, match="Unknown application command"):
            await sam.command("report", prompt="x")
