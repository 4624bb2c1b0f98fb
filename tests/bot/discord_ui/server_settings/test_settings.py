"""/settings changes what a server has set, by menus, for who may manage it at that moment."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.discord_ui.server_settings.places import MOST_PLACES
from bot.i18n import Translations
from deploy.local.discord import Json
from deploy.local.discord.member.client import MemberApiError, MemberClient
from deploy.local.discord.rules.components import walk
from deploy.local.discord.rules.permissions import Permission
from deploy.local.discord.state import objects
from deploy.local.discord.state.guild import ADA, GALLERY, GUILD, LIN, SAM, STUDIO
from storage.domain.trust.policy import Ban, RoleAllowance, ServerPolicy
from tests.support.discord.api_conformance import (
    ConformanceChecker,
    find_description,
    read_wire_log,
)
from tests.support.discord.local_chat import LocalChat


def controls(message: Json) -> dict[str, Json]:
    """Return the controls under a message by page and name, with the subject after a colon."""
    found: dict[str, Json] = {}
    for _, part in walk(message["components"]):
        if "custom_id" in part:
            _, _, _, control, _ = part["custom_id"].split(":")
            found[control] = part
    return found


class Settings:
    """The message of /settings as one member uses it."""

    def __init__(self, member: MemberClient, message: str) -> None:
        self.member, self.message = member, message

    async def shown(self) -> Json:
        return await self.member.message(self.message)

    async def text(self) -> str:
        [embed] = (await self.shown())["embeds"]
        return f"{embed['title']}\n{embed['description']}"

    async def use(self, control: str, *values: str) -> Json:
        """Use a control, and wait for what comes of it."""
        custom_id = controls(await self.shown())[control]["custom_id"]
        return await self.member.press(self.message, custom_id, *values)

    async def go(self, page: str, scope: str = "h") -> None:
        await self.use("go", f"{scope}.{page}")


async def opened(member: MemberClient) -> Settings:
    answer = await member.command("settings")
    return Settings(member, answer["message"])


async def policy_of(chat: LocalChat, guild: str = GUILD) -> ServerPolicy:
    return await chat.backend.studio.policies.of(guild)


async def test_channels_and_roles_are_chosen_and_what_is_set_is_shown_as_chosen(
    chat: LocalChat,
) -> None:
    role = (await chat.ada.call("POST", "/local/guilds/main/roles", {"name": "fans"}))["id"]
    settings = await opened(chat.ada)
    assert "everywhere" in await settings.text()
    await settings.go("places")
    await settings.use("channels", STUDIO, GALLERY)
    await settings.use("roles", role)
    assert await policy_of(chat) == ServerPolicy(channels=(STUDIO, GALLERY), roles=(role,))
    shown = controls(await settings.shown())
    assert [one["id"] for one in shown["channels"]["default_values"]] == [STUDIO, GALLERY]
    assert [one["id"] for one in shown["roles"]["default_values"]] == [role]
    await settings.use("channels", GALLERY)
    assert (await policy_of(chat)).channels == (GALLERY,)
    await settings.go("log")
    latest, _, first = (await settings.text()).splitlines()[1:]
    assert latest.endswith(f"<@{ADA}> · changed the settings: channels −<#{STUDIO}>")
    assert first.endswith(f"channels +<#{STUDIO}> +<#{GALLERY}>")
    assert chat.refusals() == []


async def test_more_channels_than_a_menu_holds_are_chosen_part_by_part(chat: LocalChat) -> None:
    made = [str(10**17 + number) for number in range(60)]
    for number, key in enumerate(made):
        channel = objects.text_channel(key, GUILD, f"room-{number}", "", number)
        chat.server._state.guild.channels.put(key, channel)
    settings = await opened(chat.ada)
    await settings.go("places")
    await settings.use("channels", *made[:25])
    assert (await policy_of(chat)).channels == tuple(made[:25])
    for start in (25, 50):
        await settings.use("next")
        await settings.use("channels", *made[start : start + 25])
    assert (await policy_of(chat)).channels == tuple(made)
    assert "… and 10 more" in await settings.text()
    menu = controls(await settings.shown())["channels"]
    assert [one["id"] for one in menu["default_values"]] == made[50:]
    await settings.use("previous")
    await settings.use("channels", *made[30:50])
    left = (*made[:25], *made[30:])
    assert (await policy_of(chat)).channels == left
    assert chat.refusals() == []


async def test_what_another_manager_added_meanwhile_stays(chat: LocalChat) -> None:
    first, second = await opened(chat.ada), await opened(chat.ada)
    for settings in (first, second):
        await settings.go("places")
    await first.use("channels", STUDIO)
    await second.use("channels", GALLERY)
    assert (await policy_of(chat)).channels == (STUDIO, GALLERY)


async def test_there_is_an_end_to_the_channels_of_a_server(chat: LocalChat) -> None:
    ids = tuple(str(10**17 + number) for number in range(MOST_PLACES))
    settings = await opened(chat.ada)
    await settings.go("places")
    await chat.backend.studio.policies.change(
        GUILD, ADA, lambda policy: replace(policy, channels=ids)
    )
    answer = await settings.use("channels", STUDIO)
    assert "100 channels" in (await chat.ada.message(answer["message"]))["content"]
    assert (await policy_of(chat)).channels == ids


async def test_an_allowance_is_set_bound_by_bound_and_removed(chat: LocalChat) -> None:
    role = (await chat.ada.call("POST", "/local/guilds/main/roles", {"name": "fans"}))["id"]
    settings = await opened(chat.ada)
    await settings.go("allowances")
    for about, bound, value in (
        (role, "credits_per_day", "100"),
        (role, "side", "512"),
        (GUILD, "unfinished_jobs", "2"),
    ):
        if about == GUILD:
            await settings.use("everybody")
        else:
            await settings.use("role", about)
        await settings.use("bound", bound)
        await settings.use("value", value)
    fans, everybody = RoleAllowance(role, 100, side=512), RoleAllowance(GUILD, unfinished_jobs=2)
    assert (await policy_of(chat)).allowances == (fans, everybody)
    assert "@everyone: Unfinished clips 2" in await settings.text()
    await settings.use("role", role)
    await settings.use("bound", "side")
    await settings.use("value", "unset")
    assert (await policy_of(chat)).allowances == (everybody, replace(fans, side=None))
    await settings.use("remove")
    assert (await policy_of(chat)).allowances == (everybody,)
    assert chat.refusals() == []


async def test_two_bounds_of_a_role_that_are_set_at_once_are_both_kept(
    chat: LocalChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = await opened(chat.ada)
    await settings.go("allowances")
    await settings.use("everybody")
    await settings.use("bound", "side")
    policies, change = chat.backend.studio.policies, chat.backend.studio.policies.change

    async def later(*given: Any) -> ServerPolicy:
        other = RoleAllowance(GUILD, credits_per_day=100)
        await change(GUILD, LIN, lambda policy: replace(policy, allowances=(other,)), "allowance")
        return await change(*given)

    monkeypatch.setattr(policies, "change", later)
    await settings.use("value", "512")
    both = RoleAllowance(GUILD, credits_per_day=100, side=512)
    assert (await policy_of(chat)).allowances == (both,)


async def test_a_ban_asks_why_and_is_lifted(chat: LocalChat) -> None:
    settings = await opened(chat.ada)
    await settings.go("bans")
    form = await settings.use("ban", SAM)
    await chat.ada.submit(form["interaction"], {"reason": "spam  spam"})
    form = await settings.use("ban", LIN)
    await chat.ada.submit(form["interaction"], {})
    bans = (await policy_of(chat)).bans
    assert [(one.person, one.by, one.reason) for one in bans] == [
        (SAM, ADA, "spam spam"),
        (LIN, ADA, ""),
    ]
    assert f"<@{SAM}> · by <@{ADA}>" in await settings.text()
    await settings.use("lift", SAM)
    assert [one.person for one in (await policy_of(chat)).bans] == [LIN]
    await settings.go("log")
    lines = (await settings.text()).splitlines()[1:]
    assert [line.partition(" · ")[2] for line in lines] == [
        f"lifted the ban of <@{SAM}>",
        f"banned <@{LIN}>",
        f"banned <@{SAM}>",
    ]


async def test_orders_are_paused_with_a_text_and_taken_again_after_a_restart(
    chat: LocalChat,
) -> None:
    settings = await opened(chat.ada)
    await settings.go("pause")
    form = await settings.use("pause")
    await chat.ada.submit(form["interaction"], {"text": "back at *noon*"})
    paused = (await policy_of(chat)).maintenance
    assert paused is not None
    assert paused.text == "back at *noon*"
    assert r"back at \*noon\*" in await settings.text()
    chat.client._connection._view_store._views.clear()  # as a new process has it
    await settings.use("resume")
    assert (await policy_of(chat)).maintenance is None


async def test_retention_and_the_moderators_channel_are_set(chat: LocalChat) -> None:
    settings = await opened(chat.ada)
    await settings.go("clips")
    await settings.use("days", "30")
    await settings.use("reports", GALLERY)
    assert await policy_of(chat) == ServerPolicy(retention_days=30, reports=GALLERY)
    assert f"Reports go to: <#{GALLERY}>" in await settings.text()
    await settings.go("log")
    assert f"reports – → <#{GALLERY}>" in await settings.text()
    assert "days – → 30" in await settings.text()


async def test_the_log_is_turned_page_by_page(chat: LocalChat) -> None:
    for number in range(25):
        await chat.backend.studio.audit.record(GUILD, ADA, "settings", f"n{number}.")
    settings = await opened(chat.ada)
    await settings.go("log")
    assert "n24." in await settings.text()
    await settings.use("older")
    await settings.use("older")
    text = await settings.text()
    assert ("n4." in text, "n0." in text, "n5." in text) == (True, True, False)
    assert "older" not in controls(await settings.shown())
    await settings.use("newest")
    assert "n24." in await settings.text()


async def test_who_may_manage_the_server_no_more_changes_nothing(
    chat: LocalChat, sam: MemberClient
) -> None:
    fields = {"name": "boss", "permissions": int(Permission.MANAGE_GUILD)}
    role = (await chat.ada.call("POST", "/local/guilds/main/roles", fields))["id"]
    await chat.change(f"members/{SAM}", roles=[role])
    settings = await opened(sam)
    await settings.go("places")
    await chat.change(f"members/{SAM}", roles=[])
    await settings.use("channels", GALLERY)
    assert await policy_of(chat) == ServerPolicy()
    told = [one["content"] for one in await sam.call("GET", f"/local/channels/{STUDIO}/messages")]
    assert any("may manage this server" in text for text in told)
    with pytest.raises(MemberApiError, match="Unknown application command"):
        await sam.command("settings")


async def test_operators_alone_have_settings_of_the_whole_bot(
    chat: LocalChat, sam: MemberClient
) -> None:
    settings = await opened(chat.ada)
    assert {one["value"][0] for one in controls(await settings.shown())["go"]["options"]} == {"h"}
    sam.channel = str(chat.server._state.guild.direct_channel(SAM)["id"])
    refused = await sam.command("settings")
    assert "only the operators" in (await sam.message(refused["message"]))["content"]
    chat.backend.studio._operators = frozenset({SAM})
    by_command = ServerPolicy(bans=(Ban("web:ada", "", 1.0, "spam"),))
    await chat.backend.studio.policies.change("", "", lambda _: by_command, "ban", "web:ada")
    settings = await opened(sam)
    assert "600 credits a day" in await settings.text()
    await settings.go("bans", "s")
    assert "web:ada · by the operator, <t:1:d> · spam" in await settings.text()
    await settings.go("log", "s")
    assert "the operator · banned web:ada" in await settings.text()
    await settings.go("bans", "s")
    form = await settings.use("ban", LIN)
    await sam.submit(form["interaction"], {})
    everywhere = await policy_of(chat, "")
    assert [(one.person, one.by) for one in everywhere.bans] == [("web:ada", ""), (LIN, SAM)]
    await chat.backend.studio.policies.change("", SAM, lambda _: ServerPolicy())
    chat.backend.studio._operators = frozenset()
    await settings.use("lift", LIN)
    assert await policy_of(chat, "") == ServerPolicy()


@pytest.mark.skipif(
    find_description() is None, reason="Discord's description is not here; DISCORD_SPEC may name it"
)
async def test_what_is_sent_and_received_is_as_discord_describes_it(chat: LocalChat) -> None:
    settings = await opened(chat.ada)
    await settings.go("places")
    await settings.use("channels", STUDIO)
    await settings.use("roles", GUILD)
    await settings.go("bans")
    form = await settings.use("ban", LIN)
    await chat.ada.submit(form["interaction"], {"reason": "spam"})
    description = find_description()
    assert description is not None
    faults = ConformanceChecker(description).check(read_wire_log(chat.wire))
    assert not faults, "\n".join(faults)


async def test_every_page_fits_a_message_however_much_is_set(chat: LocalChat) -> None:
    ids = tuple(str(10**17 + number) for number in range(MOST_PLACES))
    full = ServerPolicy(
        channels=ids,
        roles=ids,
        allowances=tuple(RoleAllowance(one, 600, 18600, 5, 2048, 60.0) for one in ids[:20]),
        bans=tuple(Ban(one, ADA, 1.0, "w" * 200) for one in ids[:25]),
    )
    await chat.backend.studio.policies.change(GUILD, ADA, lambda _: full)
    settings = await opened(chat.ada)
    for page in ("places", "allowances", "bans", "pause", "clips", "log", "overview"):
        await settings.go(page)
        title = Translations.load().text("en", f"tab_{page}")
        assert title in await settings.text()
    assert chat.refusals() == []
