"""The command /report: a server's managers see their server, the operators the whole service."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import discord
from discord import app_commands

from bot.discord_ui.cards import bill_text
from bot.discord_ui.client import Interaction, MutoscopeClient, localized
from bot.discord_ui.models import model_text
from bot.discord_ui.replies import quote, reply_errors
from bot.discord_ui.reports.usage_lines import (
    FIELD_LIMIT,
    chart_of,
    embed_of,
    lines_of,
)
from bot.discord_ui.trust.places import place_of
from bot.studio.reports.legend import CLIPS, CREDITS
from bot.studio.reports.usage_csv import csv_of
from storage.domain.errors import NotAllowed
from storage.domain.privacy.anonymous import ANONYMOUS
from storage.domain.usage.usage import Usage, UsageHistory

DEFAULT_DAYS = 7
Rows = Iterator[tuple[str, str]]


async def report(interaction: Interaction, days: int = DEFAULT_DAYS, service: bool = False) -> None:
    """Show what was made in the last days in this server, or by the whole service."""
    async with reply_errors(interaction, interaction.client.texts):
        _check_allowed(interaction, service)
        await interaction.response.defer(ephemeral=True)
        if service:
            await _report_service(interaction, days)
        else:
            await _report_server(interaction, days)


def _check_allowed(interaction: Interaction, service: bool) -> None:
    """Raise NotAllowed unless this person may see that.

    Discord shows the command to managers alone, unless a server decides otherwise.
    """
    operator = interaction.client.studio.is_operator(str(interaction.user.id))
    if service and not operator:
        raise NotAllowed("denied_not_operator")
    if not (operator or place_of(interaction).manages):
        raise NotAllowed("denied_not_manager")


async def _report_server(interaction: Interaction, days: int) -> None:
    lines, guild = lines_of(interaction), str(interaction.guild_id)
    history = await interaction.client.studio.usage.of_server(guild, days)

    def person(owner: str) -> str:
        return lines.text("used_forgotten") if owner == ANONYMOUS else f"<@{owner}>"

    rows = _rows(interaction, history, "report_people", person)
    title = lines.text("report_here", days=days)
    table = csv_of(history, "person", lambda owner: _known_name(interaction, owner))
    await _reply(interaction, title, history, rows, table)


async def _report_service(interaction: Interaction, days: int) -> None:
    lines, studio = lines_of(interaction), interaction.client.studio
    history = await studio.usage.of_service(days)

    def server(guild: str) -> str:
        known = _server_name(interaction, guild)
        return quote(known, 40) if known else f"`{guild}`" if guild else lines.text("used_direct")

    rows = [*_rows(interaction, history, "report_servers", server)]
    rows += [row async for row in _operation(interaction, days)]
    title = lines.text("report_title", days=days)
    table = csv_of(history, "server", lambda guild: _server_name(interaction, guild))
    await _reply(interaction, title, history, iter(rows), table)


async def _reply(
    interaction: Interaction, title: str, history: UsageHistory, rows: Rows, table: str
) -> None:
    chart = await chart_of(history, CLIPS, title)
    embed = embed_of(title, rows, chart)
    data = io.BytesIO(table.encode("utf-8-sig"))  # by which Excel knows that it is UTF-8
    file = discord.File(data, f"usage-{len(history.days)}-days.csv")
    files = [file] if chart is None else [chart, file]
    await interaction.edit_original_response(embed=embed, attachments=files)


def _rows(
    interaction: Interaction, history: UsageHistory, subjects: str, name: Callable[[str], str]
) -> Rows:
    """Yield the fields on clips and credits; subjects is the message key of their title."""
    lines, total = lines_of(interaction), history.total
    yield lines.text("report_clips"), lines.legend(CLIPS, total)
    yield lines.text("report_credits"), lines.legend(CREDITS, total)
    yield lines.text("report_cost"), lines.cost_of_clip(total)
    yield lines.text("report_waiting"), lines.waiting(history)
    yield lines.text(subjects), lines.by(history.by_subject, name, history.others)
    yield lines.text("report_models"), lines.by(history.by_model, quote, Usage())
    yield lines.text("report_failures"), lines.failures(history.failures)


async def _operation(interaction: Interaction, days: int) -> Any:
    """Yield the fields on workers, models and the bill, which concern the operators."""
    lines, studio = lines_of(interaction), interaction.client.studio
    texts, locale = interaction.client.texts, interaction.locale.value
    people = (await studio.reports.of_everybody(days)).owners
    yield lines.text("report_people"), str(people)
    workers = await studio.reports.workers()
    yield lines.text("report_workers"), "?" if workers is None else str(workers)
    models = await studio.reports.models()
    if len(models) > 1:
        queues = "\n".join(model_text.line(texts, locale, one) for one in models)
        yield lines.text("report_queues"), queues[:FIELD_LIMIT]
    bill = await studio.reports.bill(days)
    if bill.workers:
        seconds = lines.duration(bill.seconds)
        parts = lines.text("report_bill_workers", workers=bill.workers, seconds=seconds)
        yield lines.text("report_bill"), parts + bill_text.with_money(bill.money)
    if bill.rental is not None:
        yield lines.text("report_rental"), bill_text.of_rental(texts, locale, bill.rental)


def _known_name(interaction: Interaction, owner: str) -> str:
    """Return the name of a person whom the gateway told of; nobody is asked for."""
    if not owner.isdecimal():
        return ""
    guild = interaction.guild
    member = guild.get_member(int(owner)) if guild else None
    known = member or interaction.client.get_user(int(owner))
    return known.display_name if known else ""


def _server_name(interaction: Interaction, guild: str) -> str:
    known = interaction.client.get_guild(int(guild)) if guild.isdecimal() else None
    return known.name if known else ""


def register(client: MutoscopeClient) -> None:
    """Add the command; Discord shows it only to people who may manage the server."""
    about = {name: localized(client.texts, f"option_{name}_about") for name in ("days", "service")}
    names = {name: localized(client.texts, f"option_{name}") for name in about}
    report.__annotations__["days"] = app_commands.Range[int, 1, 90]
    command: app_commands.Command[Any, ..., None] = app_commands.Command(
        name=localized(client.texts, "command_report"),
        description=localized(client.texts, "command_report_about"),
        callback=app_commands.describe(**about)(app_commands.rename(**names)(report)),
    )
    command.default_permissions = discord.Permissions(manage_guild=True)
    command.allowed_contexts = app_commands.AppCommandContext(guild=True)
    command.allowed_installs = app_commands.AppInstallationType(guild=True)
    client.tree.add_command(command)
