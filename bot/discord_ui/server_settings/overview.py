"""The first page: all that is set, in short."""

from __future__ import annotations

from bot.discord_ui.server_settings.content import filter_line
from bot.discord_ui.server_settings.page import SettingsPage, Visit
from bot.discord_ui.server_settings.places import channels_text


class OverviewPage(SettingsPage):
    """What is set; it changes nothing."""

    name = "overview"
    emoji = "⚙️"
    for_service = True

    async def lines(self, visit: Visit) -> list[str]:
        """Return a line for each setting, of the service for those alone that it has."""
        policy = visit.policy
        bans = visit.text("settings_ban_count", count=len(policy.bans))
        state = visit.text("settings_open")
        if policy.maintenance is not None:
            since = f"<t:{int(policy.maintenance.since)}:R>"
            state = visit.text("settings_paused", since=since)
        if not visit.guild:
            quota = visit.interaction.client.studio.admission.catalogue.quota
            credits, jobs = quota.credits_per_day, quota.unfinished_jobs
            return [state, bans, visit.text("settings_ceiling", credits=credits, jobs=jobs)]
        count = len(policy.allowances)
        there = f"<#{policy.reports}>" if policy.reports else visit.text("settings_no_reports")
        return [
            state,
            visit.text("settings_channels", list=channels_text(visit)),
            visit.text("settings_role_count", count=len(policy.roles)),
            visit.text("settings_allowance_count", count=count),
            bans,
            visit.text("settings_reports", channel=there),
            filter_line(visit),
            visit.text("settings_how"),
        ]
