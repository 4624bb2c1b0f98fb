"""Members can use what Discord's client would let them use."""

import pytest

from deploy.local.discord.member.client import MemberApiError, MemberClient
from deploy.local.discord.state.guild import GALLERY, GUILD, SAM
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


async def test_menus_of_roles_and_channels_take_those_of_the_server_and_of_the_types_named(
    raw_bot: RawBot, member: MemberClient
) -> None:
    menus = [
        {"type": 6, "custom_id": "roles", "default_values": [{"id": int(GUILD), "type": "role"}]},
        {"type": 8, "custom_id": "texts", "channel_types": [0]},
        {"type": 8, "custom_id": "categories", "channel_types": [4]},
    ]
    rows = [{"type": 1, "components": [menu]} for menu in menus]
    _, message = await raw_bot.answer_command(member, {"content": "x", "components": rows})
    [shown] = message["components"][0]["components"]
    assert shown["default_values"] == [{"id": GUILD, "type": "role"}]
    for name, value in (("roles", "5"), ("texts", "5"), ("categories", GALLERY)):
        with pytest.raises(MemberApiError, match="cannot be chosen here"):
            await member.press(message["id"], name, value)
    await member.call(
        "POST",
        "/local/interactions",
        {
            "type": "component",
            "member": member.user_id,
            "message": message["id"],
            "custom_id": "texts",
            "values": [GALLERY],
        },
    )
    chosen = (await raw_bot.event("INTERACTION_CREATE"))["data"]
    assert chosen["values"] == [GALLERY]
    place = chosen["resolved"]["channels"][GALLERY]
    assert (place["name"], place["type"]) == ("gallery", 0)
