"""The Discord client: commands, modals and reactions, and their handlers."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import math
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any, TypeAlias

import discord
from discord import app_commands

from bot.discord_ui.gateway.shards import IdentifyTurns
from bot.discord_ui.gateway.traffic import DiscordTraffic
from bot.discord_ui.rate_limiter import RateLimiter
from bot.discord_ui.replies import NO_MENTIONS, ignore_repetition, send_ephemeral
from bot.discord_ui.uploads import UploadLimiter
from bot.i18n import Translations
from bot.studio.studio import Studio
from storage.domain.errors import Unavailable

log = logging.getLogger(__name__)

REPEATED = 60.0  # seconds in which the gateway may send a press or a form again
ANSWER_SECONDS = 5.0  # that answers in progress have to end before the client closes
GUILD_SECONDS = 0.5
"""From a server's details to those of the next; discord.py's 2 s would only delay each start.

Which servers there are is known before, and details that come later are taken as well.
"""
DOUBLE_PRESS = 1.0  # seconds in which a person does the same to the same message or form once

ModalHandler: TypeAlias = Callable[["Interaction", str], Awaitable[None]]
JobAction: TypeAlias = Callable[["Interaction", str], Awaitable[None]]
"""What a button does with the job of an id."""
ControlHandler: TypeAlias = Callable[["Interaction", str, Sequence[str]], Awaitable[None]]
"""What a control with a custom_id does with the values that were chosen in it."""
ReactionHandler: TypeAlias = Callable[
    ["MutoscopeClient", discord.RawReactionActionEvent], Awaitable[None]
]


class MutoscopeClient(discord.AutoShardedClient):
    """A discord.Client for the studio; each command module registers its handlers."""

    def __init__(
        self,
        studio: Studio,
        texts: Translations,
        traffic: DiscordTraffic | None = None,
        privacy_policy_url: str = "",
        *,
        hears_members: bool = False,
    ) -> None:
        """hears_members asks for a privileged intent: Discord then tells who leaves a server."""
        # The bot uses no voice; discord.py would warn of missing libraries.
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
        self.traffic = traffic or DiscordTraffic()
        super().__init__(
            intents=intents(members=hears_members),
            chunk_guilds_at_startup=False,
            max_messages=None,  # nobody's messages are kept
            allowed_mentions=NO_MENTIONS,
            http_trace=self.traffic.trace(),
            guild_ready_timeout=GUILD_SECONDS,
        )
        self.studio = studio
        self.texts = texts
        self.privacy_policy_url = privacy_policy_url
        self.tree = CommandTree(self)
        self.refused_forms: OrderedDict[str, discord.ui.Modal] = OrderedDict()
        self.modals: dict[str, ModalHandler] = {}
        self.reactions: dict[str, ReactionHandler] = {}
        self.job_actions: dict[str, JobAction] = {}
        self.controls: dict[str, ControlHandler] = {}
        self.upload_limiter = UploadLimiter()
        self._presses = RateLimiter(DOUBLE_PRESS)
        self._known = RateLimiter(REPEATED)  # interactions by their ids
        self._connected_shards: set[int] = set()
        self._turns = IdentifyTurns()
        self._stops = False
        self._answering: set[asyncio.Task[Any]] = set()  # interactions and reactions
        self.orders: dict[str, asyncio.Task[Any]] = {}  # in progress, by the id of the begun order
        self.before_close: list[Callable[[], Awaitable[None]]] = []
        self.after_ready: list[Callable[[], Awaitable[None]]] = []

    async def setup_hook(self) -> None:
        """Let the commands be translated."""
        await self.tree.set_translator(Translator(self.texts))

    async def close(self) -> None:
        """Finish the orders in progress, or tell their people, and disconnect."""
        self._stops = True
        steps, self.before_close = self.before_close, []
        for step in steps:
            await step()
        await self._finish_answers()
        await super().close()

    async def _finish_answers(self) -> None:
        """Let what is being answered end: discord.py would leave it to a closed database."""
        answering = self._answering - {asyncio.current_task()}
        if answering:
            _, late = await asyncio.wait(answering, timeout=ANSWER_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _note_answering(self) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._answering.add(task)
            task.add_done_callback(self._answering.discard)

    @contextlib.contextmanager
    def order_in_progress(self, begun_order: str) -> Iterator[None]:
        """Let this task finish inside the block before the client closes."""
        task = asyncio.current_task()
        assert task is not None
        self.orders[begun_order] = task
        try:
            yield
        finally:
            del self.orders[begun_order]
            self.studio.begun_orders.release(begun_order)

    async def read_gateway(self) -> None:
        """Ask Discord how many shards to have, and how many may identify at once."""
        self.shard_count, _, limit = await self.http.get_bot_gateway()
        self._turns = IdentifyTurns(limit["max_concurrency"])

    async def before_identify_hook(
        self,
        shard_id: int | None,
        *,
        initial: bool = False,  # noqa: ARG002 (discord.py passes it)
    ) -> None:
        """Wait for the shard's turn."""
        await self._turns.wait(shard_id or 0)

    @property
    def gateway_ready(self) -> bool:
        """Whether every shard is connected."""
        return len(self._connected_shards) == self.shard_count

    def shard_latencies(self) -> dict[int, float]:
        """Return the seconds from a heartbeat to its answer, by connected shard."""
        connected = self._connected_shards
        return {
            shard: latency
            for shard, latency in self.latencies
            if shard in connected and math.isfinite(latency)
        }

    async def on_ready(self) -> None:
        """Log that the gateway is connected."""
        shards, servers = self.shard_count, len(self.guilds)
        log.info("ready as %s in %d servers, by %d shards", self.user, servers, shards)
        for step in self.after_ready:
            await step()

    async def on_shard_ready(self, shard: int) -> None:
        """Note that a shard is connected."""
        self._connected_shards.add(shard)

    async def on_shard_resumed(self, shard: int) -> None:
        """Note that a shard is connected again."""
        self._connected_shards.add(shard)

    async def on_shard_disconnect(self, shard: int) -> None:
        """Note that a shard is away."""
        self._connected_shards.discard(shard)

    async def on_interaction(self, interaction: Interaction) -> None:
        """Dispatch a modal by its custom_id, so that one that was open during a restart works."""
        if interaction.type is not discord.InteractionType.modal_submit:
            return
        action, _, subject = (interaction.custom_id or "").partition(":")
        handler = self.modals.get(action)
        if handler is None or not self.is_new(interaction):
            return
        if not self.is_first_press(interaction, str(interaction.data)):
            await ignore_repetition(interaction)
            return
        await handler(interaction, subject)

    def is_new(self, interaction: Interaction) -> bool:
        """Tell whether the gateway sent this for the first time: only then it is answered.

        Nor is anything answered once the client finishes what it has begun, to be closed.
        """
        new = not self._stops and self._known.take(str(interaction.id), time.monotonic())
        if new:
            self._note_answering()
        return new

    def is_first_press(self, interaction: Interaction, what: str) -> bool:
        """Tell whether a person did this for the first time within a moment.

        The interactions' own times count: after an outage they come late and together.
        """
        pressed = interaction.created_at.timestamp()
        return self._presses.take(f"{interaction.user.id} {what}", pressed)

    async def on_raw_reaction_add(self, event: discord.RawReactionActionEvent) -> None:
        """Dispatch a reaction on one of the bot's messages by its emoji."""
        handler = self.reactions.get(event.emoji.name or "")
        us = self.user.id if self.user else 0
        ours = event.message_author_id in (us, None) and event.user_id != us
        if handler is None or not ours or self._stops:
            return
        self._note_answering()
        await handler(self, event)

    async def on_raw_reaction_remove(self, event: discord.RawReactionActionEvent) -> None:
        """Let the person react again."""
        if event.emoji.name in self.reactions:
            with contextlib.suppress(Unavailable):
                await self.studio.begun_orders.forget(reaction_key(event))


def reaction_key(event: discord.RawReactionActionEvent) -> str:
    """Return the key of the order that a reaction begins, the same for every process."""
    about = f"{event.message_id} {event.user_id} {event.emoji.name}"
    return hashlib.sha256(about.encode()).hexdigest()[:16]


class CommandTree(app_commands.CommandTree[MutoscopeClient]):
    """The application commands."""

    def add_slash_command(self, name: str, callback: Any) -> None:
        """Add a command that everybody may use everywhere, named and described by text keys."""
        command: app_commands.Command[Any, ..., None] = app_commands.Command(
            name=localized(self.client.texts, f"command_{name}"),
            description=localized(self.client.texts, f"command_{name}_about"),
            callback=callback,
            allowed_contexts=CONTEXTS,
            allowed_installs=INSTALLS,
        )
        self.add_command(command)

    def add_message_menu(self, name: str, callback: Any) -> None:
        """Add an entry to the menu of messages that everybody may use everywhere."""
        # discord.py reads the type of the argument and cannot resolve a closure's string.
        callback.__annotations__["message"] = discord.Message
        entry = app_commands.ContextMenu(
            name=localized(self.client.texts, f"menu_{name}"),
            callback=callback,
            allowed_contexts=CONTEXTS,
            allowed_installs=INSTALLS,
        )
        self.add_command(entry)

    async def interaction_check(self, interaction: Interaction, /) -> bool:
        """Tell whether a command is to be run: not when the gateway sends it again."""
        return self.client.is_new(interaction)

    async def on_error(
        self, interaction: Interaction, error: app_commands.AppCommandError, /
    ) -> None:
        """Log an error that no command handled, and reply to the person."""
        log.error("a command failed", exc_info=error)
        texts = self.client.texts
        await send_ephemeral(
            interaction, "⚠️ " + texts.text(interaction.locale.value, "internal_error")
        )


CONTEXTS = app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=True)
INSTALLS = app_commands.AppInstallationType(guild=True, user=True)
"""Where everybody's commands may be used; unset, the application's settings at Discord decide."""
Interaction: TypeAlias = discord.Interaction[MutoscopeClient]


def intents(*, members: bool = False) -> discord.Intents:
    """Return the gateway intents that the bot uses; none is privileged but that of members.

    Those of messages tell which are deleted; without a privileged one they show no content.
    """
    messages = {"guild_messages": True, "dm_messages": True}
    return discord.Intents(
        guilds=True, guild_reactions=True, dm_reactions=True, members=members, **messages
    )


class Translator(app_commands.Translator):
    """Translates the names and descriptions of commands."""

    def __init__(self, texts: Translations) -> None:
        self._texts = texts

    async def translate(
        self,
        string: app_commands.locale_str,
        locale: discord.Locale,
        context: app_commands.TranslationContextTypes,  # noqa: ARG002 (the base class names it)
    ) -> str | None:
        """Return the text for one locale, or None for English."""
        extras: dict[str, Any] = dict(string.extras)
        key = extras.pop("key", "")
        if locale.value not in self._texts.locales or not self._texts.has(key):
            return None
        return self._texts.text(locale.value, key, **extras)


def localized(texts: Translations, key: str, **values: object) -> app_commands.locale_str:
    """Return an English text that the Translator can translate by its key."""
    english = texts.text("en", key, **values) if values else texts.label("en", key)
    return app_commands.locale_str(english, key=key, **values)
