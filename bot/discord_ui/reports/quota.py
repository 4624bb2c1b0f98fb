"""The command /quota: what a person spent, got back and has left."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.discord_ui.cards import bill_text
from bot.discord_ui.client import Interaction, MutoscopeClient
from bot.discord_ui.models import model_text
from bot.discord_ui.replies import reply_errors
from bot.discord_ui.reports.usage_lines import FIELD_LIMIT, chart_of, embed_of, lines_of
from bot.discord_ui.trust.places import place_of
from bot.studio.models.model_status import ModelStatus
from bot.studio.reports.legend import CREDITS
from storage.domain.job import Status
from storage.domain.quota import Allowance, Budget, UsageReport
from storage.domain.usage.usage import UsageHistory

DAYS = 30


async def quota(interaction: Interaction) -> None:
    """Show a person their spent and remaining credits."""
    studio, owner = interaction.client.studio, str(interaction.user.id)
    async with reply_errors(interaction, interaction.client.texts):
        await interaction.response.defer(ephemeral=True)
        report = await studio.reports.of_person(owner, place_of(interaction))
        history = await studio.usage.of_person(owner, DAYS)
        offered = [one for one in await studio.reports.models() if one.credits is not None]
        lines = lines_of(interaction)
        title = lines.text("quota_title")
        chart = await chart_of(history, CREDITS, lines.text("used_last_days", days=DAYS))
        rows = _rows(interaction, report, history, offered)
        embed = embed_of(title, rows, chart)
        attachments = [] if chart is None else [chart]
        await interaction.edit_original_response(embed=embed, attachments=attachments)


def _rows(
    interaction: Interaction,
    report: UsageReport,
    history: UsageHistory,
    offered: Sequence[ModelStatus],
) -> Iterator[tuple[str, str]]:
    """Yield the fields of a person's report."""
    lines = lines_of(interaction)
    texts, locale = interaction.client.texts, interaction.locale.value
    if report.allowance is not None:
        yield from _allowance(interaction, report.allowance)
    yield lines.text("used_last_days", days=DAYS), lines.legend(CREDITS, history.total)
    yield lines.text("quota_in_all"), lines.credits(report.credits)
    yield lines.text("quota_saved"), lines.credits(report.saved)
    yield lines.text("quota_clips"), _counts(interaction, report)
    if report.seconds:
        times = (report.seconds, report.start_seconds, report.idle_seconds)
        parts = bill_text.of_seconds(texts, locale, *times)
        yield lines.text("quota_gpu"), parts + bill_text.with_money(report.money)
    if len(offered) > 1:
        models = "\n".join(model_text.choice(texts, locale, one) for one in offered)
        yield lines.text("quota_models"), models[:FIELD_LIMIT]


def _allowance(interaction: Interaction, allowance: Allowance) -> Iterator[tuple[str, str]]:
    lines = lines_of(interaction)
    yield lines.text("quota_left"), _left(interaction, allowance.today)
    yield lines.text("quota_today"), lines.credits(allowance.spent)
    yield lines.text("quota_reserved"), lines.credits(allowance.reserved)
    if (month := allowance.month) is not None:
        yield lines.text("quota_month"), lines.credits(month.spent)
        yield lines.text("quota_left_month"), _left(interaction, month)
    if (here := allowance.server) is not None:
        yield lines.text("quota_left_here"), _left(interaction, here.day)
        yield lines.text("quota_left_month_here"), _left(interaction, here.month)
        if here.unfinished_limit is not None:
            yield (
                lines.text("quota_unfinished_here"),
                f"{here.unfinished} / {here.unfinished_limit}",
            )


def _left(interaction: Interaction, budget: Budget) -> str:
    """Return what is left, of how much, and when there is more; empty where nothing is limited."""
    if budget.left is None:
        return ""
    lines = lines_of(interaction)
    left = f"**{lines.credits(budget.left)}** / {budget.limit}"
    return f"{left}\n{lines.text('quota_resets', when=f'<t:{int(budget.resets_at)}:R>')}"


def _counts(interaction: Interaction, report: UsageReport) -> str:
    """Return the number of jobs of each status, one a line."""
    lines = lines_of(interaction)
    counts = ((status, report.counts.get(status, 0)) for status in Status)
    return "\n".join(f"{lines.text(f'status_{one}')}: {n}" for one, n in counts if n) or "0"


def register(client: MutoscopeClient) -> None:
    """Add the command."""
    client.tree.add_slash_command("quota", quota)
