"""Puts the Discord front end together and logs it in."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator, Callable

import discord
import yarl
from discord.gateway import DiscordWebSocket

from bot.discord_ui.cards.card_renderer import CardRenderer
from bot.discord_ui.client import MutoscopeClient
from bot.discord_ui.commands import animate, context_menu, quota, retry_reaction, tweak
from bot.discord_ui.commands.buttons import JobButton
from bot.discord_ui.delivery.delivery import Delivery
from bot.discord_ui.delivery.message_sender import MessageSender
from bot.i18n import Translations
from bot.settings import BotSettings
from bot.studio.studio import Studio


class LoginRefused(Exception):
    """Discord refuses the token; the message is for whoever runs the service."""


@contextlib.asynccontextmanager
async def logged_in(
    studio: Studio, texts: Translations, settings: BotSettings
) -> AsyncIterator[MutoscopeClient]:
    """Log in and yield a client that is not connected yet; raise LoginRefused."""
    set_endpoints(settings.discord_api_url, settings.discord_gateway_url)
    async with open_client(studio, texts, settings.discord_guild) as client:
        try:
            await client.login(settings.discord_token)
        except discord.LoginFailure as error:
            reason = "Discord refuses DISCORD_TOKEN; make a new one and set it"
            raise LoginRefused(reason) from error
        yield client


def open_client(studio: Studio, texts: Translations, guild: int = 0) -> MutoscopeClient:
    """Return a client with all commands, not yet logged in."""
    client = MutoscopeClient(studio, texts, guild)
    client.add_dynamic_items(JobButton)
    for module in (animate, context_menu, quota, retry_reaction, tweak):
        module.register(client)
    return client


def open_delivery(
    client: MutoscopeClient, ping_after: float, clock: Callable[[], float] = time.time
) -> Delivery:
    """Return the delivery of this client's jobs."""
    renderer = CardRenderer(client.texts, client.studio.admission.catalogue)
    return Delivery(client.studio, MessageSender(client, clock), renderer, ping_after)


def set_endpoints(api_url: str, gateway_url: str) -> None:
    """Let discord.py use other endpoints than Discord's, where they are not empty."""
    if api_url:
        discord.http.Route.BASE = api_url
    if gateway_url:
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway_url)
