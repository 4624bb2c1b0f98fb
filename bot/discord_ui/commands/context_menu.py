"""The context menu entry "Animate this picture" of messages with pictures."""

from __future__ import annotations

from collections.abc import Sequence

import discord

from bot.discord_ui.client import Interaction, MutoscopeClient
from bot.discord_ui.commands import picture_selection
from bot.discord_ui.commands.edit_again import keep_if_refused
from bot.discord_ui.commands.form import Form, read_form, read_line
from bot.discord_ui.commands.message_pictures import pictures_of
from bot.discord_ui.commands.place_order import place_order
from bot.discord_ui.permissions import check_permissions
from bot.discord_ui.remembered_pictures import RememberedPictures
from bot.discord_ui.replies import reply_errors
from bot.studio.options import Options

ACTION = "animate"


class ContextMenu:
    """Shows the form for a message's pictures, and orders what is submitted."""

    def __init__(self) -> None:
        self._pictures = RememberedPictures()

    async def show_form(self, interaction: Interaction, message: discord.Message) -> None:
        """Show the form for the pictures of a message."""
        async with reply_errors(interaction, interaction.client.texts):
            check_permissions(interaction)
            pictures = pictures_of(message)
            key = self._pictures.remember(pictures)
            await interaction.response.send_modal(_form(interaction, key, pictures))

    async def submit(self, interaction: Interaction, key: str) -> None:
        """Order what the submitted form asks for."""
        client = interaction.client
        async with reply_errors(interaction, client.texts):
            pictures = self._pictures.get(key)
            keep_if_refused(interaction, _form(interaction, key, pictures))
            options = read_form(interaction, client.studio.admission, Options())
            chosen = picture_selection.choose(
                pictures, read_line(interaction, picture_selection.NAME)
            )
            await place_order(interaction, chosen, options)


def _form(interaction: Interaction, key: str, pictures: Sequence[discord.Attachment]) -> Form:
    texts, locale = interaction.client.texts, interaction.locale.value
    admission = interaction.client.studio.admission
    return Form(
        title=texts.text(locale, _title(pictures)),
        custom_id=f"{ACTION}:{key}",
        options=admission.defaults(),
        admission=admission,
        texts=texts,
        locale=locale,
        first_line=picture_selection.write(len(pictures)),
    )


def _title(pictures: Sequence[discord.Attachment]) -> str:
    return "form_title_animate" if len(pictures) == 1 else "form_title_animate_several"


def register(client: MutoscopeClient) -> None:
    """Add the menu entry, and handle its submitted forms."""
    menu = ContextMenu()
    client.modals[ACTION] = menu.submit

    async def entry(interaction: Interaction, message: discord.Message) -> None:
        await menu.show_form(interaction, message)

    client.tree.add_message_menu("animate", entry)
