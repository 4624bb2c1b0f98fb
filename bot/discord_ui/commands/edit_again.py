"""The button under a form's refusal, which opens the form again with what was typed."""

from __future__ import annotations

import secrets
from typing import Any

import discord

from bot.discord_ui.client import Interaction, MutoscopeClient
from bot.discord_ui.commands.form import Form, read_answers
from bot.discord_ui.dynamic_button import DynamicButton
from bot.discord_ui.replies import REFUSED_VIEW, reply_errors
from storage.domain.errors import BadRequest

KEPT = 1000
"""Refused forms that can be opened again; what was typed is too long for a custom_id."""


class EditAgainButton(DynamicButton, template=r"edit:(?P<form>[0-9a-f]{16})"):
    """Opens one refused form."""

    def __init__(self, form: str, label: str = "") -> None:
        super().__init__(
            discord.ui.Button(label=label or None, emoji="✏️", custom_id=f"edit:{form}")
        )
        self.form = form

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Show the form, or reply that it is lost."""
        async with reply_errors(interaction, interaction.client.texts):
            form = interaction.client.refused_forms.get(self.form)
            if form is None:
                raise BadRequest("request_form_forgotten")
            await interaction.response.send_modal(form)


def keep_form(client: MutoscopeClient, form: Form) -> str:
    """Keep a form for a button that opens it; return what the button names it by."""
    key = secrets.token_hex(8)
    client.refused_forms[key] = form
    while len(client.refused_forms) > KEPT:
        client.refused_forms.popitem(last=False)
    return key


def keep_if_refused(interaction: Interaction, form: Form) -> None:
    """Let the reply to an error have a button that opens the form as it was submitted."""

    def view() -> discord.ui.View:
        client = interaction.client
        form.fill(read_answers(interaction))
        key = keep_form(client, form)
        label = client.texts.text(interaction.locale.value, "form_edit_again")
        return discord.ui.View(timeout=None).add_item(EditAgainButton(key, label))

    interaction.extras[REFUSED_VIEW] = view
