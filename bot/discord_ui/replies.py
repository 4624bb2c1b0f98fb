"""Replies: tells one person, in their language, why something could not be done."""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import AsyncIterator

import discord

from bot.i18n import Translations
from storage.domain.errors import MutoscopeError

log = logging.getLogger(__name__)

NOBODY = discord.AllowedMentions.none()


_LINK = re.compile(r"(?<=:)(?=//)|(?<=[.])(?=gg/|com/)", re.IGNORECASE)
"""Where an address is broken by a space of no width: a bot's word must not open its preview."""


def quote(text: str, limit: int = 300) -> str:
    """Return a person's own texts so that they format, link and mention nothing."""
    line = " ".join(text.split())
    if len(line) > limit:
        line = line[: limit - 1] + "…"
    line = _LINK.sub("\u200b", line)
    return discord.utils.escape_mentions(discord.utils.escape_markdown(line))


def code_block(text: str, limit: int = 1000) -> str:
    """Return text as a code block that can be copied and that nothing inside can close."""
    kept = text if len(text) <= limit else text[: limit - 1] + "…"
    return "```\n" + kept.replace("`", "ˋ") + "\n```"


@contextlib.asynccontextmanager
async def reply_errors(
    interaction: discord.Interaction[discord.Client], texts: Translations
) -> AsyncIterator[None]:
    """Turn whatever goes wrong inside into one answer that only this person sees."""
    locale = interaction.locale.value
    try:
        yield
    except MutoscopeError as error:
        await send_ephemeral(interaction, "⚠️ " + texts.error(locale, error))
    except discord.NotFound as error:
        # Too late to answer, or the message is gone: nobody is left to tell.
        log.warning("interaction %s: %s", interaction.id, error)
    except Exception:
        log.exception("interaction %s failed", interaction.id)
        await send_ephemeral(interaction, "⚠️ " + texts.text(locale, "internal_error"))


async def send_ephemeral(interaction: discord.Interaction[discord.Client], text: str) -> None:
    """Say something that only this person sees, whatever was answered before."""
    response = interaction.response
    if not response.is_done():
        await response.send_message(text, ephemeral=True, allowed_mentions=NOBODY)
        return
    promised = response.type is discord.InteractionResponseType.deferred_channel_message
    if promised:
        # Until the promised public answer exists, a follow-up would become that answer.
        await interaction.edit_original_response(content="⚠️")
    await interaction.followup.send(text, ephemeral=True, allowed_mentions=NOBODY)
    if promised:
        await interaction.delete_original_response()
