"""Puts the Discord front end together."""

from __future__ import annotations

import time
from collections.abc import Callable

import discord
import yarl
from discord.gateway import DiscordWebSocket

from bot.discord_ui.cards.card_renderer import CardRenderer
from bot.discord_ui.chains import extend, story
from bot.discord_ui.client import MutoscopeClient
from bot.discord_ui.clip_actions.choose import ChooseButton
from bot.discord_ui.clip_actions.finish_menu import FinishMenu
from bot.discord_ui.commands import (
    animate,
    context_menu,
    imagine,
    interrupted_orders,
    retry_reaction,
    tweak,
)
from bot.discord_ui.commands.buttons import JobButton
from bot.discord_ui.commands.interrupted_orders import InterruptedOrders
from bot.discord_ui.commands.mail import MailButton
from bot.discord_ui.delivery.delivery import Delivery
from bot.discord_ui.delivery.message_sender import MessageSender
from bot.discord_ui.gateway.traffic import DiscordTraffic
from bot.discord_ui.library import clip, clips, lineage, reuse, shown_clip, styles
from bot.discord_ui.moderation import report_clip, report_message
from bot.discord_ui.privacy import departures, export, forget, privacy
from bot.discord_ui.privacy.departures import Departures
from bot.discord_ui.privacy.message_removal import MessageRemoval
from bot.discord_ui.reports import quota, report
from bot.discord_ui.server_settings import message as settings_message
from bot.i18n import Translations
from bot.studio.studio import Studio


def open_client(
    studio: Studio,
    texts: Translations,
    traffic: DiscordTraffic | None = None,
    privacy_policy_url: str = "",
    *,
    hears_members: bool = False,
) -> MutoscopeClient:
    """Return a client with all commands, not yet logged in; its requests are counted."""
    client = MutoscopeClient(
        studio, texts, traffic, privacy_policy_url, hears_members=hears_members
    )
    client.add_dynamic_items(JobButton, FinishMenu, ChooseButton, MailButton)
    for module in (
        animate,
        clip,
        clips,
        context_menu,
        departures,
        export,
        extend,
        forget,
        imagine,
        interrupted_orders,
        lineage,
        privacy,
        quota,
        report,
        report_clip,
        report_message,
        retry_reaction,
        reuse,
        settings_message,
        shown_clip,
        story,
        styles,
        tweak,
    ):
        module.register(client)
    return client


def open_delivery(
    client: MutoscopeClient, ping_after: float, clock: Callable[[], float] = time.time
) -> Delivery:
    """Return the delivery of this client's jobs."""
    renderer = CardRenderer(client.texts, client.studio.admission.catalogue)
    sender, interrupted = MessageSender(client, clock), InterruptedOrders(client, clock)
    return Delivery(client.studio, sender, renderer, ping_after, interrupted=interrupted)


def open_removal(client: MutoscopeClient, clock: Callable[[], float] = time.time) -> MessageRemoval:
    """Return what deletes the messages of people who are forgotten."""
    return MessageRemoval(client, clock)


def open_departures(client: MutoscopeClient) -> Departures:
    """Return what deletes the data of what is gone from Discord."""
    return Departures(client)


def set_endpoints(api_url: str, gateway_url: str) -> None:
    """Let discord.py use other endpoints than Discord's, where they are not empty."""
    if api_url:
        discord.http.Route.BASE = api_url
    if gateway_url:
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway_url)
