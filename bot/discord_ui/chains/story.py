"""The command /story: a form with a prompt for each segment, and the order of what is submitted."""

from __future__ import annotations

from inspect import Parameter, Signature
from typing import Any

import discord
from discord import app_commands

from bot.discord_ui.client import Interaction, MutoscopeClient, localized
from bot.discord_ui.commands.edit_again import keep_if_refused
from bot.discord_ui.commands.form import Form, read_form
from bot.discord_ui.commands.place_order import place_order
from bot.discord_ui.models.model_choice import complete_model
from bot.discord_ui.permissions import check_permissions
from bot.discord_ui.remembered_pictures import RememberedPictures
from bot.discord_ui.replies import reply_errors
from bot.discord_ui.uploads import check_upload
from bot.studio.option_table import MODEL, STORY
from bot.studio.options import Options

ACTION = "story"


class StoryCommand:
    """Shows the form for a picture, and orders what is submitted."""

    def __init__(self) -> None:
        self._pictures = RememberedPictures()

    async def show_form(
        self, interaction: Interaction, picture: discord.Attachment, model: str
    ) -> None:
        """Show the form for a picture and a model, an empty name for the default one."""
        async with reply_errors(interaction, interaction.client.texts):
            check_permissions(interaction)
            check_upload(picture)
            key = self._pictures.remember([picture])
            subject = f"{key}:{model}" if model else key
            await interaction.response.send_modal(_form(interaction, subject))

    async def submit(self, interaction: Interaction, subject: str) -> None:
        """Order what the submitted form asks for."""
        client, (key, _, model) = interaction.client, subject.partition(":")
        async with reply_errors(interaction, client.texts):
            pictures = self._pictures.get(key)
            keep_if_refused(interaction, _form(interaction, subject))
            base = Options(**{STORY: 1, MODEL: model or None})
            options = read_form(interaction, client.studio.admission, base)
            await place_order(interaction, pictures, options)


def _form(interaction: Interaction, subject: str) -> Form:
    texts, locale = interaction.client.texts, interaction.locale.value
    admission = interaction.client.studio.admission
    return Form(
        title=texts.text(locale, "form_title_story"),
        custom_id=f"{ACTION}:{subject}",
        options=admission.defaults(subject.partition(":")[2]).replace(**{STORY: 1}),
        admission=admission,
        texts=texts,
        locale=locale,
    )


def register(client: MutoscopeClient) -> None:
    """Add the command, and handle its submitted forms."""
    story, texts = StoryCommand(), client.texts
    client.modals[ACTION] = story.submit

    async def callback(interaction: Interaction, picture: Any, **values: str | None) -> None:
        await story.show_form(interaction, picture, values.get(MODEL) or "")

    keyword = Parameter.KEYWORD_ONLY
    parameters = [
        Parameter("interaction", keyword, annotation=Interaction),
        Parameter("picture", keyword, annotation=discord.Attachment),
    ]
    if len(client.studio.admission.catalogue.models) > 1:
        parameters.append(Parameter(MODEL, keyword, default=None, annotation=str | None))
    signed: Any = callback
    signed.__signature__ = Signature(parameters)
    names = [parameter.name for parameter in parameters[1:]]
    app_commands.rename(**{name: localized(texts, f"option_{name}") for name in names})(signed)
    about = {name: localized(texts, f"option_{name}_about") for name in names}
    app_commands.describe(**about)(signed)
    if MODEL in names:
        app_commands.autocomplete(**{MODEL: complete_model})(signed)
    client.tree.add_slash_command("story", signed)
