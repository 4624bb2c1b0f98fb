"""Who may not order, in a server or in the whole service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import discord

from bot.discord_ui.replies import quote
from bot.discord_ui.server_settings.control import Control
from bot.discord_ui.server_settings.page import SettingsPage, Visit
from storage.domain.trust.policy import Ban

SHOWN = 15
REASON_LIMIT = 200  # characters
REASON = "reason"


class BansPage(SettingsPage):
    """Bans; a person who is chosen is banned by a form that asks why."""

    name = "bans"
    emoji = "🚫"
    for_service = True

    async def lines(self, visit: Visit) -> list[str]:
        """Return the latest bans."""
        bans = visit.policy.bans
        lines = [_line(visit, ban) for ban in reversed(bans[-SHOWN:])]
        if len(bans) > SHOWN:
            lines.append(visit.text("settings_more_bans", count=len(bans) - SHOWN))
        return [*(lines or [visit.text("settings_no_bans")]), visit.text("settings_bans_about")]

    async def rows(self, visit: Visit) -> list[list[Control]]:
        """Return a menu of people to ban, and one of people whose ban is lifted."""
        return [[_people(visit, "ban")], [_people(visit, "lift")]]

    def form(self, visit: Visit, control: str, values: Sequence[str]) -> discord.ui.Modal | None:
        """Return the form that asks for the reason of a ban."""
        if control != "ban" or not values:
            return None
        title = visit.text("settings_ban_title")[:45]
        modal = discord.ui.Modal(title=title, custom_id=str(visit.name("ban", values[0])))
        modal.add_item(
            discord.ui.Label(
                text=visit.text("settings_ban_reason")[:45],
                component=discord.ui.TextInput(
                    custom_id=REASON, required=False, max_length=REASON_LIMIT
                ),
            )
        )
        return modal

    async def submit(self, visit: Visit, control: str, answers: Mapping[str, str]) -> None:
        """Ban the person whom the form is about."""
        reason = " ".join(answers.get(REASON, "").split())[:REASON_LIMIT]
        if control == "ban" and visit.subject.isdigit():
            await ban(visit, visit.subject, reason)

    async def use(self, visit: Visit, control: str, values: Sequence[str]) -> str:
        """Lift a person's ban."""
        if control == "lift" and values:
            person = values[0]
            await visit.change(lambda policy: policy.without_ban(person), "lift_ban", person)
        return ""


async def ban(visit: Visit, person: str, reason: str) -> None:
    """Let a person order nothing from now on."""
    at = visit.interaction.created_at.timestamp()
    new = Ban(person, str(visit.interaction.user.id), at, reason)
    await visit.change(lambda policy: policy.with_ban(new), "ban", person)


def _line(visit: Visit, one: Ban) -> str:
    person = f"<@{one.person}>" if one.person.isdigit() else quote(one.person, REASON_LIMIT)
    by = f"<@{one.by}>" if one.by.isdigit() else visit.text("settings_ban_by_operator")
    line = visit.text("settings_ban", person=person, by=by, at=f"<t:{int(one.at)}:d>")
    return f"{line} · {quote(one.reason, REASON_LIMIT)}" if one.reason else line


def _people(visit: Visit, control: str) -> Control:
    menu: discord.ui.UserSelect[Any] = discord.ui.UserSelect(
        custom_id=str(visit.name(control, "")),
        placeholder=visit.text(f"pick_{control}"),
    )
    return Control(menu)
