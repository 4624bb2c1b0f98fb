"""The command /privacy: what is kept of people, where, and for how long."""

from __future__ import annotations

import discord

from bot.discord_ui.client import Interaction, MutoscopeClient
from bot.discord_ui.replies import reply_errors

FIELDS = {
    "privacy_kept": "privacy_kept_text",
    "privacy_where": "privacy_where_text",
    "privacy_how_long": "privacy_always",
    "privacy_yours": "privacy_yours_text",
}
"""Message keys of a title and of what is below it."""


async def privacy(interaction: Interaction) -> None:
    """Tell a person what is kept."""
    client, locale = interaction.client, interaction.locale.value
    async with reply_errors(interaction, client.texts):
        embed = discord.Embed(
            title=client.texts.text(locale, "privacy_title"), colour=discord.Colour.blurple()
        )
        days = await client.studio.privacy.retention.days(str(interaction.guild_id or ""))
        texts = FIELDS | ({"privacy_how_long": "privacy_days"} if days else {})
        for title, text in texts.items():
            name, value = (
                client.texts.text(locale, title),
                client.texts.text(locale, text, days=days),
            )
            embed.add_field(name=name, value=value, inline=False)
        if url := client.privacy_policy_url:
            link = client.texts.text(locale, "privacy_policy")
            embed.add_field(name=link, value=url, inline=False)
        await interaction.response.send_message(embed=embed, ephemeral=True)


def register(client: MutoscopeClient) -> None:
    """Add the command."""
    client.tree.add_slash_command("privacy", privacy)
