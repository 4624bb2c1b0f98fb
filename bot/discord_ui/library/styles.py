"""The command /styles: the styles that a person may order with, one to add, or one to delete."""

from __future__ import annotations

from typing import Any

import discord
from discord import app_commands

from bot.discord_ui.client import Interaction, MutoscopeClient, localized
from bot.discord_ui.models.style_choice import complete_own_style
from bot.discord_ui.replies import NO_MENTIONS, quote, reply_errors
from bot.discord_ui.uploads import download
from bot.studio.option_table import STYLE
from storage.domain.errors import BadPicture, BadStyle
from storage.domain.models.style import NAME_LIMIT
from storage.styles.adapter_file import MOST_BYTES

SHOWN = 1500  # characters of names


async def styles(
    interaction: Interaction, file: discord.Attachment | None, delete: str | None
) -> None:
    """Add or delete a style where one is given, and list those that there are."""
    client, locale, owner = interaction.client, interaction.locale.value, str(interaction.user.id)
    library, lines = client.studio.styles, []
    async with reply_errors(interaction, client.texts):
        await interaction.response.defer(ephemeral=True)
        if delete:
            await library.delete(owner, delete)
            name = quote(delete, NAME_LIMIT)
            lines.append(client.texts.text(locale, "styles_deleted", name=name))
        if file is not None:
            name = quote(await _add(interaction, file), NAME_LIMIT)
            lines.append(client.texts.text(locale, "styles_added", name=name))
        names = ", ".join(quote(name, NAME_LIMIT) for name in await library.names(owner))
        key = "styles_list" if names else "styles_none"
        lines.append(client.texts.text(locale, key, names=names[:SHOWN]))
        text = "\n".join(lines)
        await interaction.edit_original_response(content=text, allowed_mentions=NO_MENTIONS)


async def _add(interaction: Interaction, file: discord.Attachment) -> str:
    """Keep an attached style; return its name."""
    client, owner = interaction.client, str(interaction.user.id)
    if file.size > MOST_BYTES:
        raise BadStyle("style_too_large", limit=MOST_BYTES // 2**20)
    async with client.upload_limiter.slots(owner, [file.size]):
        try:
            data = await download(file)
        except BadPicture as error:
            raise BadStyle("style_upload_gone") from error
        now = interaction.created_at.timestamp()
        return await client.studio.styles.add(owner, file.filename, data, now)


def register(client: MutoscopeClient) -> None:
    """Add the command where a model takes styles."""
    admission = client.studio.admission
    if not any(one.name == STYLE and admission.offering(one) for one in admission.table):
        return

    async def callback(interaction: Interaction, file: Any = None, delete: Any = None) -> None:
        await styles(interaction, file, delete)

    # discord.py reads the types itself.
    callback.__annotations__ |= {"file": discord.Attachment | None, "delete": str | None}
    texts = client.texts
    names = {
        "file": localized(texts, "option_style_file"),
        "delete": localized(texts, "option_style_delete"),
    }
    about = {
        "file": localized(texts, "option_style_file_about"),
        "delete": localized(texts, "option_style_delete_about"),
    }
    app_commands.rename(**names)(callback)
    app_commands.describe(**about)(callback)
    app_commands.autocomplete(delete=complete_own_style)(callback)
    client.tree.add_slash_command("styles", callback)
