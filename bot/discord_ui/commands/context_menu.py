"""Context: "Animate this picture" in the menu of a message that holds one, or several."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from typing import Any

import discord
from discord import app_commands

from bot.discord_ui.client import Interaction, MutoscopeClient, localized
from bot.discord_ui.commands import picture_selection as picks
from bot.discord_ui.commands.form import Form, read_form, read_pictures
from bot.discord_ui.commands.place_order import place_order
from bot.discord_ui.permissions import check_permissions
from bot.discord_ui.replies import reply_errors
from bot.studio.options import Options, resolutions
from storage.domain.errors import BadPicture

ACTION = "animate"
REMEMBERED = 1000
"""Pictures of forms that may still be open; a picture's address is too long for a custom_id."""


class ContextMenu:
    """Shows the form for a message's picture, and orders what is sent."""

    def __init__(self) -> None:
        self._pictures: OrderedDict[str, list[discord.Attachment]] = OrderedDict()

    async def ask(self, interaction: Interaction, message: discord.Message) -> None:
        """Show the form for the pictures of a message."""
        client = interaction.client
        async with reply_errors(interaction, client.texts):
            check_permissions(interaction)
            pictures = _pictures(message)
            key = self._remember(pictures)
            model = client.studio.catalogue.model()
            defaults = model.defaults
            form = Form(
                title=client.texts.text(interaction.locale.value, _title(pictures)),
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
                texts=client.texts,
                locale=interaction.locale.value,
                first=picks.write(len(pictures)),
            )
            await interaction.response.send_modal(form)

    async def answer(self, interaction: Interaction, key: str) -> None:
        """Order what the sent form asks for."""
        async with reply_errors(interaction, interaction.client.texts):
            pictures = self._pictures.get(key)
            if pictures is None:
                raise BadPicture("picture_forgotten")
            options = read_form(interaction, Options(prompt=""))
            chosen = picks.choose(pictures, read_pictures(interaction))
            await place_order(interaction, chosen, options)

    def _remember(self, pictures: list[discord.Attachment]) -> str:
        key = secrets.token_hex(8)
        self._pictures[key] = pictures
        while len(self._pictures) > REMEMBERED:
            self._pictures.popitem(last=False)
        return key


def _pictures(message: discord.Message) -> list[discord.Attachment]:
    found = [
        attachment
        for attachment in message.attachments
        if (attachment.content_type or "image").startswith("image")
    ]
    if not found:
        raise BadPicture("picture_none_in_message")
    return found


def _title(pictures: list[discord.Attachment]) -> str:
    return "form_title_animate" if len(pictures) == 1 else "form_title_animate_several"


def register(client: MutoscopeClient) -> None:
    """Add the menu's entry, and let its sent forms come here."""
    menu = ContextMenu()
    client.modals[ACTION] = menu.answer

    async def entry(interaction: Interaction, message: discord.Message) -> None:
        await menu.ask(interaction, message)

    command: app_commands.ContextMenu = app_commands.ContextMenu(
        name=localized(client.texts, "menu_animate"), callback=_typed(entry)
    )
    client.tree.add_command(command)


def _typed(callback: Any) -> Any:
    """Name the argument's type as an object: discord.py cannot read it from a closure's text."""
    callback.__annotations__["message"] = discord.Message
    return callback
