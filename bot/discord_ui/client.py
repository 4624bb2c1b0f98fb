"""Client: the connection to Discord, its commands, and who hears what."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import discord
from discord import app_commands

from bot.discord_ui.replies import NOBODY, send_ephemeral
from bot.discord_ui.upload_limiter import UploadLimiter
from bot.i18n import Translations
from bot.studio.studio import Studio

log = logging.getLogger(__name__)

ModalHandler: TypeAlias = Callable[["Interaction", str], Awaitable[None]]
ReactionHandler: TypeAlias = Callable[
    ["MutoscopeClient", discord.RawReactionActionEvent], Awaitable[None]
]


class MutoscopeClient(discord.Client):
    """Speaks with Discord for the studio; features register what they handle."""

    def __init__(self, studio: Studio, texts: Translations, guild: int = 0) -> None:
        # We never speak; what that would need is not missed.
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
        super().__init__(intents=intents(), allowed_mentions=NOBODY)
        self.studio = studio
        self.texts = texts
        self.tree = Tree(self)
        self.modals: dict[str, ModalHandler] = {}
        self.reactions: dict[str, ReactionHandler] = {}
        self.desk = UploadLimiter()
        self._guild = guild

    async def setup_hook(self) -> None:
        """Publish the commands: at once in one server where it is named, else everywhere."""
        await self.tree.set_translator(Translator(self.texts))
        guild = discord.Object(self._guild) if self._guild else None
        if guild is not None:
            self.tree.copy_global_to(guild=guild)
        await self.tree.sync(guild=guild)

    async def on_ready(self) -> None:
        """Say where we are, for whoever reads the log."""
        log.info("ready as %s in %d servers", self.user, len(self.guilds))

    async def on_interaction(self, interaction: Interaction) -> None:
        """Hand a modal to its feature by its id, so that it outlives a restart while open."""
        if interaction.type is not discord.InteractionType.modal_submit:
            return
        action, _, subject = (interaction.custom_id or "").partition(":")
        handler = self.modals.get(action)
        if handler is not None:
            await handler(interaction, subject)

    async def on_raw_reaction_add(self, event: discord.RawReactionActionEvent) -> None:
        """Hand a reaction on one of our messages to its feature."""
        handler = self.reactions.get(event.emoji.name or "")
        us = self.user.id if self.user else 0
        if handler is not None and event.message_author_id in (us, None) and event.user_id != us:
            await handler(self, event)


class Tree(app_commands.CommandTree[MutoscopeClient]):
    """Commands, and what is localized where one could not even begin."""

    async def on_error(
        self, interaction: Interaction, error: app_commands.AppCommandError, /
    ) -> None:
        """Tell the person, and whoever reads the log."""
        log.error("a command failed", exc_info=error)
        texts = self.client.texts
        await send_ephemeral(
            interaction, "⚠️ " + texts.text(interaction.locale.value, "internal_error")
        )


Interaction: TypeAlias = discord.Interaction[MutoscopeClient]


def intents() -> discord.Intents:
    """Return the gateway intents that we use; none is privileged."""
    return discord.Intents(guilds=True, guild_reactions=True, dm_reactions=True)


class Translator(app_commands.Translator):
    """Gives command names and descriptions in every language that we speak."""

    def __init__(self, texts: Translations) -> None:
        self._texts = texts

    async def translate(
        self,
        string: app_commands.locale_str,
        locale: discord.Locale,
        context: app_commands.TranslationContextTypes,  # noqa: ARG002 (the base class names it)
    ) -> str | None:
        """Return the texts for one locale, or None where English stands."""
        extras: dict[str, Any] = dict(string.extras)
        key = extras.pop("key", "")
        if locale.value not in self._texts.locales or not self._texts.has(key):
            return None
        return self._texts.text(locale.value, key, **extras)


def localized(texts: Translations, key: str, **gaps: object) -> app_commands.locale_str:
    """Return English texts that Discord shows in other languages where there are any."""
    return app_commands.locale_str(texts.text("en", key, **gaps), key=key, **gaps)
