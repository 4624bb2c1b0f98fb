"""The command /story: a form with a prompt for each segment, and the order of what is submitted."""

from __future__ import annotations

from typing import Any

import discord
from discord import app_commands

from bot.discord_ui.client import Interaction, MutoscopeClient, localized
from bot.discord_ui.commands.edit_again import keep_if_refused
from bot.discord_ui.commands.form import Form, read_form
from bot.discord_ui.commands.place_order import place_order
from bot.discord_ui.permissions import check_permissions
from bot.discord_ui.remembered_pictures import RememberedPictures
from bot.discord_ui.replies import reply_errors
from bot.discord_ui.uploads import check_upload
from bot.studio.option_table import STORY
from bot.studio.options import Options

ACTION = "story"


class StoryCommand:
    """Shows the form for a picture, and orders what is submitted."""

    def __init__(self) -> None:
        self._pictures = RememberedPictures()

    async def show_form(self, interaction: Interaction, picture: discord.Attachment) -> None:
        """Show the form for a picture."""
        async with reply_errors(interaction, interaction.client.texts):
            check_permissions(interaction)
            check_upload(picture)
            key = self._pictures.remember([picture])
            await interaction.response.send_modal(_form(interaction, key))

    async def submit(self, interaction: Interaction, key: str) -> None:
        """Order what the submitted form asks for."""
        client = interaction.client
        async with reply_errors(interaction, client.texts):
            pictures = self._pictures.get(key)
            keep_if_refused(interaction, _form(interaction, key))
            options = read_form(interaction, client.studio.admission, Options(**{STORY: 1}))
            await place_order(interaction, pictures, options)


def _form(interaction: Interaction, key: str) -> Form:
    texts, locale = interaction.client.texts, interaction.locale.value
    admission = interaction.client.studio.admission
    return Form(
        title=texts.text(locale, "form_title_story"),
        custom_id=f"{ACTION}:{key}",
        options=admission.defaults().replace(**{STORY: 1}),
        admission=admission,
        texts=texts,
        locale=locale,
    )


def register(client: MutoscopeClient) -> None:
    """Add the command, and handle its submitted forms."""
    story, texts = StoryCommand(), client.texts
    client.modals[ACTION] = story.submit

    async def callback(interaction: Interaction, picture: Any) -> None:
        await story.show_form(interaction, picture)

    callback.__annotations__["picture"] = discord.Attachment  # discord.py reads the type itself
    app_commands.rename(picture=localized(texts, "option_picture"))(callback)
    app_commands.describe(picture=localized(texts, "option_picture_about"))(callback)
    client.tree.add_slash_command("story", callback)
