"""The commands /quota, for one person, and /report, about the service for managers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import discord
from discord import app_commands

from bot.discord_ui.cards import bill_text
from bot.discord_ui.client import Interaction, MutoscopeClient, localized
from bot.discord_ui.models import model_text
from bot.discord_ui.replies import reply_errors
from bot.i18n import Translations
from bot.studio.models.model_status import ModelStatus
from storage.domain.cost.advice import ServiceBill
from storage.domain.quota import UsageReport

DEFAULT_DAYS = 7
FIELD_LIMIT = 1024  # characters


async def quota(interaction: Interaction) -> None:
    """Show a person their spent and remaining credits."""
    client = interaction.client
    async with reply_errors(interaction, client.texts):
        await interaction.response.defer(ephemeral=True)
        report = await client.studio.report(str(interaction.user.id))
        rows = _quota_rows(interaction, report)
        offered = [one for one in await client.studio.models() if one.credits is not None]
        if len(offered) > 1:
            rows["quota_models"] = _lines(interaction, offered, model_text.choice)
        embed = _embed(interaction, "quota_title", rows)
        await interaction.edit_original_response(embed=embed)


async def report(interaction: Interaction, days: int = DEFAULT_DAYS) -> None:
    """Show a manager what everybody ordered and spent."""
    client = interaction.client
    async with reply_errors(interaction, client.texts):
        await interaction.response.defer(ephemeral=True)
        found = await client.studio.report_all(days)
        workers = await client.studio.workers()
        rows = {"report_clips": _counts(interaction, found)} | _spent(interaction, found)
        rows["report_people"] = str(found.owners)
        rows["report_seconds"] = client.texts.duration(interaction.locale.value, found.seconds)
        rows["report_workers"] = "?" if workers is None else str(workers)
        models = await client.studio.models()
        if len(models) > 1:
            rows["report_models"] = _lines(interaction, models, model_text.line)
        rows |= _bill(interaction, await client.studio.bill(days))
        here = (await client.studio.usage.of_server(str(interaction.guild_id or ""), days)).total
        if here.all_seconds:
            seconds = client.texts.duration(interaction.locale.value, here.all_seconds)
            rows["report_here"] = seconds + bill_text.with_money(here.money)
        embed = _embed(interaction, "report_title", rows, days=days)
        await interaction.edit_original_response(embed=embed)


def _quota_rows(interaction: Interaction, report: UsageReport) -> dict[str, str]:
    """Return the values of a person's report by their titles' message keys."""
    rows: dict[str, str] = {}
    allowance = report.allowance
    if allowance is not None:
        rows["quota_left"] = f"**{_credits(interaction, allowance.left)}** / {allowance.limit}"
        rows["quota_today"] = _credits(interaction, allowance.spent)
        rows["quota_reserved"] = _credits(interaction, allowance.reserved)
        rows["quota_resets"] = f"<t:{int(allowance.resets_at)}:R>"
    rows |= _spent(interaction, report) | {"quota_clips": _counts(interaction, report)}
    if report.seconds:
        texts, locale = interaction.client.texts, interaction.locale.value
        times = (report.seconds, report.start_seconds, report.idle_seconds)
        parts = bill_text.of_seconds(texts, locale, *times)
        rows["quota_gpu"] = parts + bill_text.with_money(report.money)
    return rows


def _lines(
    interaction: Interaction,
    models: Sequence[ModelStatus],
    write: Callable[[Translations, str, ModelStatus], str],
) -> str:
    """Return a line for each model, as many as a field holds."""
    locale = interaction.locale.value
    lines = [write(interaction.client.texts, locale, one) for one in models]
    return "\n".join(lines)[:FIELD_LIMIT]


def _bill(interaction: Interaction, bill: ServiceBill) -> dict[str, str]:
    """Return what all workers cost, and how to rent them, by their titles' message keys."""
    texts, locale = interaction.client.texts, interaction.locale.value
    rows: dict[str, str] = {}
    if bill.workers:
        seconds = texts.duration(locale, bill.seconds)
        parts = texts.text(locale, "report_bill_workers", workers=bill.workers, seconds=seconds)
        rows["report_bill"] = parts + bill_text.with_money(bill.money)
    if bill.rental is not None:
        rows["report_rental"] = bill_text.of_rental(texts, locale, bill.rental)
    return rows


def _spent(interaction: Interaction, report: UsageReport) -> dict[str, str]:
    return {
        "quota_in_all": _credits(interaction, report.credits),
        "quota_saved": _credits(interaction, report.saved),
    }


def _counts(interaction: Interaction, report: UsageReport) -> str:
    """Return the number of jobs of each status, one a line."""
    texts, locale = interaction.client.texts, interaction.locale.value
    counts = [
        f"{texts.text(locale, f'status_{status.value}')}: {count}"
        for status, count in report.counts.items()
        if count
    ]
    return "\n".join(counts) or "0"


def _credits(interaction: Interaction, count: int) -> str:
    return interaction.client.texts.text(interaction.locale.value, "quota_credits", count=count)


def _embed(
    interaction: Interaction, title: str, rows: dict[str, str], **values: object
) -> discord.Embed:
    texts, locale = interaction.client.texts, interaction.locale.value
    embed = discord.Embed(
        title=texts.text(locale, title, **values), colour=discord.Colour.blurple()
    )
    for key, value in rows.items():
        embed.add_field(name=texts.text(locale, key), value=value)
    return embed


def register(client: MutoscopeClient) -> None:
    """Add both commands; Discord shows /report only to people who may manage the server."""
    client.tree.add_slash_command("quota", quota)
    describe = app_commands.describe(days=localized(client.texts, "option_days_about"))
    rename = app_commands.rename(days=localized(client.texts, "option_days"))
    report.__annotations__["days"] = app_commands.Range[int, 1, 90]
    everybody: app_commands.Command[Any, ..., None] = app_commands.Command(
        name=localized(client.texts, "command_report"),
        description=localized(client.texts, "command_report_about"),
        callback=describe(rename(report)),
    )
    everybody.default_permissions = discord.Permissions(manage_guild=True)
    everybody.allowed_contexts = app_commands.AppCommandContext(guild=True)
    everybody.allowed_installs = app_commands.AppInstallationType(guild=True)
    client.tree.add_command(everybody)
