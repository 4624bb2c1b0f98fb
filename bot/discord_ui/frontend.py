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
from bot.discord_ui.commands import animate, quota, tweak
from bot.discord_ui.commands import context_menu as context
from bot.discord_ui.commands import retry_reaction as reactions
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
    point_at(settings.discord_api_url, settings.discord_gateway_url)
    async with open_client(studio, texts, settings.discord_guild) as client:
        try:
            await client.login(settings.discord_token)
        except discord.LoginFailure as error:
            reason = "Discord refuses DISCORD_TOKEN; make a new one and set it"
            raise LoginRefused(reason) from error
        yield client


def open_client(studio: Studio, texts: Translations, guild: int = 0) -> MutoscopeClient:
    """Return a client with every feature, not yet connected."""
    client = MutoscopeClient(studio, texts, guild)
    client.add_dynamic_items(JobButton)
    for feature in (animate, context, quota, reactions, tweak):
        feature.register(client)
    return client


def open_delivery(
    client: MutoscopeClient, ping_after: float, clock: Callable[[], float] = time.time
) -> Delivery:
    """Return what keeps the messages of this client's jobs up to date."""
    painter = CardRenderer(client.texts, client.studio.catalogue)
    return Delivery(client.studio, MessageSender(client, clock), painter, ping_after)


def point_at(api_url: str, gateway_url: str) -> None:
    """Let discord.py speak with another server than Discord's; empty leaves it as it is."""
    if api_url:
        discord.http.Route.BASE = api_url
    if gateway_url:
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway_url)
