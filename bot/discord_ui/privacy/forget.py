"""The command /forget-me: deletes all that is kept of a person, once they have confirmed it."""

from __future__ import annotations

from typing import Any

import discord

from bot.discord_ui.client import Interaction, MutoscopeClient
from bot.discord_ui.dynamic_button import DynamicButton
from bot.discord_ui.replies import NO_MENTIONS, ignore_repetition, reply_errors
from storage.domain.job import Status


async def forget(interaction: Interaction) -> None:
    """Tell what will be deleted, and ask."""
    client, owner = interaction.client, str(interaction.user.id)
    async with reply_errors(interaction, client.texts):
        await interaction.response.defer(ephemeral=True)
        counts = (await client.studio.reports.of_person(owner)).counts
        unfinished = sum(count for status, count in counts.items() if not Status(status).final)
        text = client.texts.text(
            *(interaction.locale.value, "forget_ask"),
            orders=sum(counts.values()),
            unfinished=unfinished,
            styles=len(await client.studio.styles.own(owner)),
        )
        view = discord.ui.View(timeout=None)
        view.add_item(ForgetButton(client.texts.text(interaction.locale.value, "forget_button")))
        await interaction.edit_original_response(
            content=text, view=view, allowed_mentions=NO_MENTIONS
        )


class ForgetButton(DynamicButton, template="forget-me"):
    """Deletes everything of whoever presses it; only they see it."""

    def __init__(self, label: str = "") -> None:
        super().__init__(
            discord.ui.Button(
                label=label or "…",
                emoji="🗑️",
                style=discord.ButtonStyle.danger,
                custom_id="forget-me",
            )
        )

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Delete; where this process is stopped, another one goes on."""
        client, locale = interaction.client, interaction.locale.value
        if not client.is_new(interaction):
            return
        if not client.is_first_press(interaction, self.custom_id):
            await ignore_repetition(interaction)
            return
        async with reply_errors(interaction, client.texts):
            await client.studio.privacy.erasing.ask(str(interaction.user.id))
            begins = client.texts.text(locale, "forget_begins")
            await interaction.response.edit_message(content=begins, view=None)
            await client.studio.privacy.erasing.forget(str(interaction.user.id))
            done = client.texts.text(locale, "forget_done")
            await interaction.edit_original_response(content=done)


def register(client: MutoscopeClient) -> None:
    """Add the command and its button."""
    client.add_dynamic_items(ForgetButton)
    client.tree.add_slash_command("forget_me", forget)
