"""The command /export: all that is kept of a person, as ZIP files for them alone."""

from __future__ import annotations

import contextlib
import logging
from io import BufferedIOBase

import discord

from bot.discord_ui.client import Interaction, MutoscopeClient
from bot.discord_ui.replies import NO_MENTIONS, reply_errors
from bot.studio.privacy.exporting import ExportSummary

log = logging.getLogger(__name__)


async def export(interaction: Interaction) -> None:
    """Send everything in as many parts as it takes, and say what is in none of them."""
    client, owner = interaction.client, str(interaction.user.id)
    async with reply_errors(interaction, client.texts):
        await interaction.response.defer(ephemeral=True, thinking=True)
        exporting = client.studio.privacy.exporting
        # The later parts may come directly, where a server's larger limit does not hold.
        limit = min(interaction.filesize_limit, discord.utils.DEFAULT_FILE_SIZE_LIMIT_BYTES)
        delivery = _Delivery(interaction)
        try:
            async with exporting.begun(owner):
                await delivery.say("export_begins")
                summary = await exporting.export(owner, limit, delivery.send)
        except discord.HTTPException as error:
            log.warning("an export could not be sent: %s", error)
            with contextlib.suppress(discord.HTTPException):  # nothing can be said any more
                await delivery.say("export_failed")
            return
        await delivery.end(summary)


class _Delivery:
    """Sends parts as follow-ups, and directly once the interaction's token has died."""

    def __init__(self, interaction: Interaction) -> None:
        self._interaction = interaction

    async def send(self, part: BufferedIOBase, number: int) -> None:
        """Send one part."""
        file = discord.File(part, f"mutoscope-export-{number}.zip")
        if self._interaction.is_expired():
            await self._interaction.user.send(file=file)
        else:
            await self._interaction.followup.send(file=file, ephemeral=True)

    async def end(self, summary: ExportSummary) -> None:
        """Say how many parts there are, and what is in none of them."""
        lines = [self._text("export_done" if summary.parts else "export_nothing", summary)]
        if summary.left_out:
            lines.append(self._text("export_left_out", summary))
        if summary.cut:
            lines.append(self._text("export_cut", summary))
        await self._show("\n".join(lines))

    async def say(self, key: str) -> None:
        """Show a text in the response."""
        await self._show(self._text(key, ExportSummary()))

    async def _show(self, text: str) -> None:
        if self._interaction.is_expired():
            await self._interaction.user.send(text, allowed_mentions=NO_MENTIONS)
        else:
            await self._interaction.edit_original_response(
                content=text, allowed_mentions=NO_MENTIONS
            )

    def _text(self, key: str, summary: ExportSummary) -> str:
        values = {"parts": summary.parts, "files": summary.left_out}
        return self._interaction.client.texts.text(self._interaction.locale.value, key, **values)


def register(client: MutoscopeClient) -> None:
    """Add the command."""
    client.tree.add_slash_command("export", export)
