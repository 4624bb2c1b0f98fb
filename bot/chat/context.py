"""Context: "Animate this picture" in the menu of a message."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from typing import Any

import discord
from discord import app_commands

from bot.chat.animate import order
from bot.chat.client import MutoscopeClient, Talk, said
from bot.chat.form import Form, read_form
from bot.chat.places import check_place
from bot.chat.replies import telling
from bot.options import Options, resolutions
from storage.domain.errors import BadPicture

ACTION = "animate"
REMEMBERED = 1000
"""Pictures of forms that may still be open; a picture's address is too long for a custom_id."""


class ContextMenu:
    """Shows the form for a message's picture, and orders what is sent."""

    def __init__(self) -> None:
        self._pictures: OrderedDict[str, discord.Attachment] = OrderedDict()

    async def ask(self, interaction: Talk, message: discord.Message) -> None:
        """Show the form for the first picture of a message."""
        client = interaction.client
        async with telling(interaction, client.words):
            check_place(interaction)
            key = self._remember(_picture(message))
            model = client.studio.catalogue.model()
            defaults = model.defaults
            form = Form(
                title=client.words.text(interaction.locale.value, "form_title_animate"),
                custom_id=f"{ACTION}:{key}",
                options=Options(
                    prompt="",
                    resolution=defaults.resolution,
                    frames=defaults.frames,
                    fps=defaults.fps,
                    steps=min(defaults.steps, client.studio.profile.steps),
                    guidance=defaults.guidance,
                    preset=defaults.preset,
                ),
                resolutions=resolutions(model, client.studio.profile),
                words=client.words,
                locale=interaction.locale.value,
            )
            await interaction.response.send_modal(form)

    async def answer(self, interaction: Talk, key: str) -> None:
        """Order what the sent form asks for."""
        async with telling(interaction, interaction.client.words):
            picture = self._pictures.get(key)
            if picture is None:
                raise BadPicture("picture_forgotten")
            options = read_form(interaction, Options(prompt=""))
            await order(interaction, picture, options)

    def _remember(self, picture: discord.Attachment) -> str:
        key = secrets.token_hex(8)
        self._pictures[key] = picture
        while len(self._pictures) > REMEMBERED:
            self._pictures.popitem(last=False)
        return key


def _picture(message: discord.Message) -> discord.Attachment:
    for attachment in message.attachments:
        if (attachment.content_type or "image").startswith("image"):
            return attachment
    raise BadPicture("picture_none_in_message")


def register(client: MutoscopeClient) -> None:
    """Add the menu's entry, and let its sent forms come here."""
    menu = ContextMenu()
    client.modals[ACTION] = menu.answer

    async def entry(interaction: Talk, message: discord.Message) -> None:
        await menu.ask(interaction, message)

    command: app_commands.ContextMenu = app_commands.ContextMenu(
        name=said(client.words, "menu_animate"), callback=_typed(entry)
    )
    client.tree.add_command(command)


def _typed(callback: Any) -> Any:
    """Name the argument's type as an object: discord.py cannot read it from a closure's text."""
    callback.__annotations__["message"] = discord.Message
    return callback
