"""The command /imagine: a clip of a picture that is made from the prompt first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.discord_ui.client import Interaction, MutoscopeClient
from bot.discord_ui.commands.animate import OwnParameter, add_command
from bot.discord_ui.permissions import check_permissions
from bot.discord_ui.replies import reply_errors
from bot.discord_ui.requester import run_order
from bot.studio.options import Options, Shape
from bot.studio.privacy.private_orders import asks_private


async def place(interaction: Interaction, own: Mapping[str, Any], options: Options) -> None:
    """Refuse at once what is certain to fail, acknowledge, then order."""
    client = interaction.client
    shape = Shape(own["shape"] or Shape.SQUARE)
    async with reply_errors(interaction, client.texts):
        check_permissions(interaction)
        client.studio.admission.imagine(options, shape.aspect, seed=0)
        await run_order(
            interaction,
            lambda requester: client.studio.orders.imagine(requester, options, shape),
            private=asks_private(options),
        )


def register(client: MutoscopeClient) -> None:
    """Add the command where pictures are made from text."""
    if client.studio.admission.text_to_image is None:
        return
    shapes = {shape.value: f"shape_{shape.value}" for shape in Shape}
    own = [OwnParameter("shape", str, choices=shapes)]
    add_command(client, "imagine", own, place, needed=("prompt",))
