"""The whole bot against a simulated Discord (SimCord), with two people who use it."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import discord
from simcord import interactions
from simcord.backend.cdn import CDN_BASE
from simcord.env import Env

from bot.discord_ui import uploads
from bot.discord_ui.client import MutoscopeClient
from bot.discord_ui.frontend import open_client, open_delivery
from bot.i18n import Translations
from tests.support.backend import Backend, png, until

PICTURE = ("cat.png", png())


@dataclass
class Chat:
    """One server with one channel and two members."""

    backend: Backend
    env: Any
    guild: Any
    channel: Any
    alice: Any
    bob: Any
    delivery_task: asyncio.Task[None] | None = None
    ping_after: float = 60.0

    @property
    def last_message(self) -> discord.Message:
        message: discord.Message = self.channel.last_message
        return message

    @property
    def messages(self) -> list[discord.Message]:
        found: list[discord.Message] = self.channel.history()
        return found

    async def animate(self, actor: Any = None, **options: Any) -> Any:
        """Order a clip by the slash command."""
        options = {"picture": PICTURE, "prompt": "waves, zoom in"} | options
        return await (actor or self.alice).slash(self.channel, "animate", **options)

    async def wait_for_clip(self, count: int = 1) -> discord.Message:
        """Wait until the channel has that many clips; return the last one."""
        await until(lambda: len(self.clips()) >= count)
        return self.clips()[-1]

    def clips(self) -> list[discord.Message]:
        """Return the messages that carry a clip."""
        return [
            message
            for message in self.messages
            if any(file.filename.endswith((".mp4", ".gif")) for file in message.attachments)
        ]

    def alice_direct_messages(self) -> list[discord.Message]:
        """Return the direct messages between the bot and alice."""
        found: list[discord.Message] = self.alice.user.dm_channel.history()
        return found

    async def wait_for_text(self, text: str) -> discord.Message:
        """Wait until the last message shows a text."""
        await until(lambda: text in text_of(self.last_message))
        return self.last_message

    async def click(self, message: discord.Message, action: str, actor: Any = None) -> Any:
        """Press the button for an action under a message."""
        [button] = [item for item in button_ids(message) if item.startswith(action)]
        return await (actor or self.alice).click(message, custom_id=button)

    async def finish(self, message: discord.Message, action: str, actor: Any = None) -> Any:
        """Choose from the menu under a finished clip."""
        [menu] = menu_ids(message)
        return await (actor or self.alice).select(message, [action], custom_id=menu)

    async def restart(self) -> None:
        """Replace the bot by a new one at the same Discord."""
        await self.stop_delivery()
        bot = new_client(self.backend)
        await self.env.restart_bot(bot)
        await bot.tree.sync()
        self.start_delivery()

    def start_delivery(self) -> None:
        delivery = open_delivery(
            self.env.bot, self.ping_after, clock=lambda: float(self.env.now().timestamp())
        )
        self.delivery_task = asyncio.create_task(delivery.run())

    async def stop_delivery(self) -> None:
        if self.delivery_task is not None:
            self.delivery_task.cancel()
            await asyncio.gather(self.delivery_task, return_exceptions=True)


def text_of(message: discord.Message) -> str:
    """Return all text of a message."""
    parts = [message.content]
    for embed in message.embeds:
        parts += [embed.description or "", *(f"{f.name} {f.value}" for f in embed.fields)]
    return "\n".join(parts)


def button_ids(message: discord.Message) -> list[str]:
    """Return the custom_ids under a message."""
    rows = [row for row in message.components if isinstance(row, discord.ActionRow)]
    items = itertools.chain.from_iterable(row.children for row in rows)
    return [item.custom_id or "" for item in items if isinstance(item, discord.Button)]


def menu_ids(message: discord.Message) -> list[str]:
    """Return the custom_ids of the menus under a message."""
    rows = [row for row in message.components if isinstance(row, discord.ActionRow)]
    items = itertools.chain.from_iterable(row.children for row in rows)
    return [item.custom_id or "" for item in items if isinstance(item, discord.SelectMenu)]


def button_actions(message: discord.Message) -> list[str]:
    """Return the actions of the buttons under a message."""
    return [button.partition(":")[0] for button in button_ids(message)]


def ephemeral_texts(result: Any) -> list[str]:
    """Return the texts of the ephemeral replies to an interaction."""
    responses = [result.response] if result.response else []
    return [message.content for message in [*responses, *result.followups] if message.ephemeral]


def new_client(backend: Backend, texts: Translations | None = None) -> MutoscopeClient:
    client = open_client(backend.studio, texts or Translations.load())
    client.shard_count = 1  # SimCord recommends none
    return client


@contextlib.contextmanager
def user_locale(locale: str) -> Any:
    """Set the users' locale, which SimCord fixes to English."""
    original = interactions.base_payload

    def payload(*args: Any, **kwargs: Any) -> Any:
        record, made = original(*args, **kwargs)
        return record, made | {"locale": locale}

    interactions.base_payload = payload
    try:
        yield
    finally:
        interactions.base_payload = original


@contextlib.contextmanager
def simulated_files() -> Iterator[None]:
    """Let files be fetched from SimCord's host, as from Discord's."""
    hosts = uploads.HOSTS
    uploads.HOSTS = re.compile(re.escape(CDN_BASE.removeprefix("https://")))
    try:
        yield
    finally:
        uploads.HOSTS = hosts


class PatientEnv(Env):
    """SimCord, which by itself gives a bot five seconds to connect, however slow the machine."""

    async def _settle_internal(self, *, timeout: float | None = None, **options: Any) -> None:
        await super()._settle_internal(**options)


@contextlib.asynccontextmanager
async def open_chat(backend: Backend, texts: Translations | None = None) -> AsyncIterator[Chat]:
    """Start the bot at a simulated Discord with a server, a channel and two members."""
    bot = new_client(backend, texts)
    env = PatientEnv(bot, settle_timeout=60.0)  # a busy machine is slow
    await env.start()
    await bot.tree.sync()
    guild = env.create_guild()
    channel = guild.create_text_channel("general")
    alice = guild.add_member(env.create_user("alice"))
    bob = guild.add_member(env.create_user("bob"))
    chat = Chat(backend, env, guild, channel, alice, bob)
    chat.start_delivery()
    try:
        with simulated_files():
            yield chat
    finally:
        await chat.stop_delivery()
        await env.shutdown()
    env.raise_errors()
