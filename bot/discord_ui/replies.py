"""Replies that only one person sees, and the escaping of what people wrote."""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeAlias

import discord

from bot.i18n import Translations
from storage.domain.errors import MutoscopeError
from storage.logs import log_job

log = logging.getLogger(__name__)

NO_MENTIONS = discord.AllowedMentions.none()

# Discord's error codes
ALREADY_ACKNOWLEDGED = 40060
BLOCKED_BY_AUTOMOD = 200000
NO_REPLY_WITHOUT_HISTORY = 160002
TOO_MANY_OLD_EDITS = 30046  # has the status 429, but waiting does not help

_IN_LINK = re.compile(r"(?<=:)(?=//)|(?<=[.])(?=gg/|com/)", re.IGNORECASE)
"""Where a zero-width space breaks a URL, so that the bot's message shows no preview of it."""


_BEFORE_MARKUP = re.compile(r"(?<=<)(?=[#@/:a-z])", re.IGNORECASE)
"""Where a zero-width space breaks Discord's own markup for channels, times, commands and emojis."""


def quote(text: str, limit: int = 300) -> str:
    """Return a person's text escaped, so that it formats, links and mentions nothing.

    `<#1>`, `<t:0:F>`, `</cmd:1>` and `<:e:1>` are shown as they were typed.
    """
    line = " ".join(text.split())
    if len(line) > limit:
        line = line[: limit - 1] + "…"
    line = _IN_LINK.sub("\u200b", line)
    line = _BEFORE_MARKUP.sub("\u200b", line)
    return discord.utils.escape_mentions(discord.utils.escape_markdown(line))


def code_block(text: str, limit: int = 1000) -> str:
    """Return text as a code block that nothing inside can close."""
    text = text if len(text) <= limit else text[: limit - 1] + "…"
    return "```\n" + text.replace("`", "ˋ") + "\n```"


REFUSED_VIEW = "refused_view"
"""The key in Interaction.extras of a ViewFactory: buttons below the reply to an error."""
ViewFactory: TypeAlias = Callable[[], discord.ui.View]


def is_lasting_refusal(error: discord.HTTPException) -> bool:
    """Tell whether Discord would refuse the same request again.

    A 401 without a code refuses the bot's own token, not this request.
    """
    if error.status == 429:
        return error.code == TOO_MANY_OLD_EDITS
    if error.status == 401:
        return error.code != 0
    return 400 <= error.status < 500 and error.status != 408


@contextlib.asynccontextmanager
async def reply_errors(
    interaction: discord.Interaction[discord.Client], texts: Translations
) -> AsyncIterator[None]:
    """Answer any error inside this block by one ephemeral message."""
    locale = interaction.locale.value
    try:
        yield
    except MutoscopeError as error:
        await send_ephemeral(interaction, "⚠️ " + texts.error(locale, error))
    except discord.NotFound as error:
        # The interaction expired or the message was deleted: no answer is possible.
        log.warning("interaction %s: %s", interaction.id, error)
    except Exception:
        log.exception("interaction %s failed", interaction.id)
        await send_ephemeral(interaction, "⚠️ " + texts.text(locale, "internal_error"))


async def answer_once(
    interaction: discord.Interaction[Any],
    job: str,
    what: str,
    act: Callable[[discord.Interaction[Any]], Awaitable[None]],
) -> None:
    """Act on a press that is about a job, or reply why that is not possible.

    A double press counts once; what tells one of a person's presses from another.
    """
    client = interaction.client
    if not client.is_new(interaction):
        return
    with log_job(job):
        if not client.is_first_press(interaction, what):
            await ignore_repetition(interaction)
            return
        async with reply_errors(interaction, client.texts):
            await act(interaction)


async def send_ephemeral(interaction: discord.Interaction[discord.Client], text: str) -> None:
    """Send a message that only this person sees, as the response or a follow-up."""
    response = interaction.response
    make_view: ViewFactory | None = interaction.extras.get(REFUSED_VIEW)
    payload: dict[str, Any] = {"ephemeral": True, "allowed_mentions": NO_MENTIONS}
    if make_view is not None:
        payload["view"] = make_view()
    if not response.is_done():
        await response.send_message(text, **payload)
        return
    deferred = response.type is discord.InteractionResponseType.deferred_channel_message
    if deferred:
        # The first follow-up to a deferred response becomes the public response.
        await interaction.edit_original_response(content="⚠️")
    await interaction.followup.send(text, **payload)
    if deferred:
        await interaction.delete_original_response()


async def ignore_repetition(interaction: discord.Interaction[Any]) -> None:
    """Acknowledge what a person pressed twice, and show nothing."""
    if interaction.message is not None:
        await interaction.response.defer()
        return
    await interaction.response.defer(ephemeral=True, thinking=True)
    await interaction.delete_original_response()


async def send_reply(
    channel: discord.abc.Messageable,
    reference: discord.MessageReference,
    text: str,
    **options: Any,
) -> None:
    """Send a text as a reply, or without one where the bot may not read the history."""
    try:
        await channel.send(text, reference=reference, **options)
    except discord.HTTPException as error:
        if error.code != NO_REPLY_WITHOUT_HISTORY:
            raise
        await channel.send(text, **options)
