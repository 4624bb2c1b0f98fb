"""The button Details, and walking from a clip to what it was made from and what was made of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import discord

from bot.discord_ui.cards.details import DetailsRenderer
from bot.discord_ui.client import Interaction, MutoscopeClient
from bot.discord_ui.commands.buttons import JobButton
from bot.discord_ui.dynamic_button import DynamicButton
from bot.discord_ui.replies import quote, reply_errors
from bot.discord_ui.visibility import check_visible, is_own, job_for, may_be_visible
from storage.domain.errors import JobGone
from storage.domain.job import Job, Status
from storage.domain.library.lineage import relation_of
from storage.domain.prompt.story import title_of

SHOWN = 10  # children
PROMPT_LIMIT = 35  # characters, so that all of them fit into one field of an embed


class LineageButton(DynamicButton, template=r"lineage:(?P<job>[0-9a-f]{16})"):
    """Shows the details of a clip's parent or of one of its children, in the same message."""

    def __init__(self, job: str, label: str = "", emoji: str | None = None, row: int = 0) -> None:
        super().__init__(
            discord.ui.Button(
                label=label or None,
                emoji=emoji or (None if label else "⬆️"),
                custom_id=f"lineage:{job}",
                row=row,
            )
        )
        self.job = job

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Show them, where this person may see that clip."""
        client = interaction.client
        if not client.is_new(interaction):
            return
        async with reply_errors(interaction, client.texts):
            await interaction.response.defer()
            job = await client.studio.job(self.job)
            await check_visible(interaction, job)
            family = await _family(interaction, job)
            await interaction.edit_original_response(embed=family.embed(), view=family.view())


async def show_details(interaction: Interaction, job_id: str) -> None:
    """Show a clip's details to the person who asks, and to nobody else."""
    family = await _family(interaction, await job_for(interaction, job_id))
    await interaction.response.send_message(
        embed=family.embed(), view=family.view(), ephemeral=True
    )


async def _family(interaction: Interaction, job: Job) -> _Family:
    """Return a job with those of its relatives that this person may see."""
    studio = interaction.client.studio
    parent = None
    if job.parent:
        try:
            parent = await studio.job(job.parent)
        except JobGone:
            parent = None
    children = [one for one in await studio.library.children(job.id) if _is_shown(interaction, one)]
    if parent is not None and not _is_shown(interaction, parent):
        parent = None
    return _Family(interaction, job, parent, tuple(children[:SHOWN]))


def _is_shown(interaction: Interaction, job: Job) -> bool:
    return job.status is Status.DONE and may_be_visible(interaction, job)


@dataclass(frozen=True, slots=True)
class _Family:
    """A job, the one that it was made from, and the latest that were made from it."""

    interaction: Interaction
    job: Job
    parent: Job | None
    children: tuple[Job, ...]

    def embed(self) -> discord.Embed:
        """Return the details, with a line for each relative."""
        client, locale = self.interaction.client, self.interaction.locale.value
        embed = DetailsRenderer(client.texts, locale, client.studio.admission).render(self.job)
        if self.parent is not None:
            line = self._line(self.parent, self.parent, self.job)
            embed.add_field(name=self._text("details_parent"), value=line, inline=False)
        if self.children:
            lines = [
                f"{number}. {self._line(child, self.job, child)}"
                for number, child in enumerate(self.children, start=1)
            ]
            embed.add_field(
                name=self._text("details_children"), value="\n".join(lines), inline=False
            )
        return embed

    def view(self) -> discord.ui.View:
        """Return a button for each relative, and one that shows this clip."""
        view = discord.ui.View(timeout=None)
        if self.job.clip is not None:
            view.add_item(JobButton("fetch", self.job.id, self._text("button_fetch")))
        if self.interaction.guild_id is not None and not is_own(self.interaction, self.job):
            view.add_item(JobButton("report", self.job.id, self._text("button_report")))
        if self.parent is not None:
            view.add_item(LineageButton(self.parent.id, self._text("details_parent"), "⬆️"))
        for number, child in enumerate(self.children):
            view.add_item(LineageButton(child.id, str(number + 1), "⬇️", row=1 + number // 5))
        return view

    def _line(self, shown: Job, parent: Job, child: Job) -> str:
        """Return how the child was made from the parent, and the prompt and time of one of them."""
        relation = self._text(f"lineage_{relation_of(parent.request, child.request).value}")
        prompt = quote(title_of(shown.request), PROMPT_LIMIT)
        return f"{relation} · {prompt} · <t:{shown.ended:.0f}:R>"

    def _text(self, key: str) -> str:
        client, locale = self.interaction.client, self.interaction.locale.value
        return client.texts.text(locale, key)


def register(client: MutoscopeClient) -> None:
    """Handle the button Details, and those by which relatives are walked to."""
    client.add_dynamic_items(LineageButton)
    client.job_actions["details"] = show_details
