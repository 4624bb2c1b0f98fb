"""What the members with a role may order: one bound after the other, by menus."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

import discord

from bot.discord_ui.server_settings.control import Control
from bot.discord_ui.server_settings.page import SettingsPage, Visit
from bot.discord_ui.server_settings.places import role_text
from storage.domain.catalogue import QuotaRow
from storage.domain.errors import BadRequest
from storage.domain.trust.limits import Limits
from storage.domain.trust.policy import RoleAllowance, ServerPolicy

BOUNDS = tuple(one.name for one in fields(Limits))
CREDITS = (0, 10, 20, 30, 50, 75, 100, 150, 200, 300, 400, 600, 800, 1000, 1500, 2000, 3000)
MONTHLY = (0, 50, 100, 200, 300, 500, 750, 1000, 1500, 2000, 3000, 5000, 7500, 10000, 20000)
SIDES = (128, 192, 256, 320, 384, 448, 512, 640, 768, 896, 1024, 1280, 1536, 2048)
SECONDS = (1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60)
UNSET = "unset"
MOST_ROLES = 20  # with an allowance in one server


class AllowancesPage(SettingsPage):
    """Allowances by role; the subject is a role, and after a dot the bound that is being set."""

    name = "allowances"
    emoji = "🎟️"

    async def lines(self, visit: Visit) -> list[str]:
        """Return the rows, and the service's own limits above which none counts."""
        quota = visit.interaction.client.studio.admission.catalogue.quota
        rows = [f"{role_text(row.role, visit.guild)}: {_row_text(visit, row)}"
                for row in visit.policy.allowances]  # fmt: skip
        about = visit.text(
            "settings_allowances_about", credits=quota.credits_per_day, jobs=quota.unfinished_jobs
        )
        return [*(rows or [visit.text("settings_no_allowances")]), about]

    async def rows(self, visit: Visit) -> list[list[Control]]:
        """Return the menus of roles, of bounds once one is chosen, and of values after that."""
        role, _, bound = visit.subject.partition(".")
        roles: discord.ui.RoleSelect[Any] = discord.ui.RoleSelect(
            custom_id=str(visit.name("role", "")), placeholder=visit.text("settings_choose_role")
        )
        buttons = [visit.button("everybody", visit.text("settings_button_everybody"), subject="")]
        rows = [[Control(roles)]]
        if role:
            rows.append([self._bounds(visit, role, bound)])
            label = visit.text("settings_button_remove")
            buttons.append(visit.button("remove", label, discord.ButtonStyle.danger, role))
        if bound in BOUNDS:
            rows.append([self._values(visit, role, bound)])
        return [*rows, buttons]

    def _bounds(self, visit: Visit, role: str, bound: str) -> Control:
        row = _row_of(visit.policy.allowances, role)
        shown = f"@{_role_name(visit, role)}"
        options = [
            discord.SelectOption(
                label=visit.text(f"bound_{name}"),
                value=name,
                description=_value_text(visit, name, getattr(row, name)),
                default=name == bound,
            )
            for name in BOUNDS
        ]
        placeholder = visit.text("settings_choose_bound", role=shown)[:150]
        return visit.menu("bound", placeholder, options)

    def _values(self, visit: Visit, role: str, bound: str) -> Control:
        quota = visit.interaction.client.studio.admission.catalogue.quota
        now = getattr(_row_of(visit.policy.allowances, role), bound)
        options = [
            discord.SelectOption(
                label=_value_text(visit, bound, value),
                value=UNSET if value is None else str(value),
                default=value == now,
            )
            for value in (None, *values_of(bound, quota))
        ]
        return visit.menu("value", visit.text(f"bound_{bound}"), options)

    async def use(self, visit: Visit, control: str, values: Sequence[str]) -> str:
        """Go on to a role or a bound, set a value, or remove a row."""
        role, _, bound = visit.subject.partition(".")
        if control == "everybody":
            return visit.guild
        if control == "role":
            return values[0]
        if control == "bound":
            return f"{role}.{values[0]}"
        if control == "remove":
            await visit.change(
                lambda policy: replace(policy, allowances=_without(policy.allowances, role)),
                action="allowance",
                subject=role,
            )
            return ""
        if control == "value" and bound in BOUNDS:
            await self._set(visit, role, bound, values[0])
        return visit.subject

    async def _set(self, visit: Visit, role: str, bound: str, value: str) -> None:
        quota = visit.interaction.client.studio.admission.catalogue.quota
        offered = {str(one): one for one in values_of(bound, quota)}
        chosen: dict[str, Any] = {bound: None if value == UNSET else offered[value]}

        def change(policy: ServerPolicy) -> ServerPolicy:
            row = replace(_row_of(policy.allowances, role), **chosen)
            rows = _without(policy.allowances, role)
            if len(rows) >= MOST_ROLES:
                raise BadRequest("request_too_many_roles", limit=MOST_ROLES)
            return replace(policy, allowances=(*rows, *_kept(row)))

        await visit.change(change, action="allowance", subject=role)


def values_of(bound: str, quota: QuotaRow) -> list[int]:
    """Return the values that are offered for a bound, up to the service's own limit."""
    day = quota.credits_per_day
    month = quota.credits_per_month or 31 * day
    most = {"credits_per_day": day, "credits_per_month": month}
    if bound == "unfinished_jobs":
        return [*range(1, min(quota.unfinished_jobs, 24) + 1)]
    if bound in most:
        steps = CREDITS if bound == "credits_per_day" else MONTHLY
        return [*(one for one in steps if one < most[bound]), most[bound]]
    return [*(SIDES if bound == "side" else SECONDS)]


def _row_of(rows: Sequence[RoleAllowance], role: str) -> RoleAllowance:
    return next((row for row in rows if row.role == role), RoleAllowance(role))


def _without(rows: Sequence[RoleAllowance], role: str) -> tuple[RoleAllowance, ...]:
    return tuple(row for row in rows if row.role != role)


def _kept(row: RoleAllowance) -> tuple[RoleAllowance, ...]:
    """Return the row, nothing where it bounds nothing."""
    return () if row == RoleAllowance(row.role) else (row,)


def _row_text(visit: Visit, row: RoleAllowance) -> str:
    stated = [name for name in BOUNDS if getattr(row, name) is not None]
    return " · ".join(f"{visit.text(f'bound_{name}')} {getattr(row, name):g}" for name in stated)


def _value_text(visit: Visit, bound: str, value: float | None) -> str:
    if value is None:
        return visit.text("settings_unset")
    return f"{visit.text(f'bound_{bound}')}: {value:g}"


def _role_name(visit: Visit, role: str) -> str:
    guild = visit.interaction.guild
    found = guild.get_role(int(role)) if guild is not None and role.isdigit() else None
    return found.name.removeprefix("@") if found is not None else role
