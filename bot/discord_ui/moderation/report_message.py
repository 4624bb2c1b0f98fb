"""The message that tells a server's moderators of a report, and its buttons."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from typing import Any

import discord

from bot.discord_ui.client import Interaction, MutoscopeClient
from bot.discord_ui.commands.buttons import delete_answer, delete_clip
from bot.discord_ui.dynamic_button import DynamicButton
from bot.discord_ui.own_messages import shows_job
from bot.discord_ui.permissions import can_moderate_job, moderates_channel
from bot.discord_ui.posts.posting import record_post
from bot.discord_ui.replies import NO_MENTIONS, quote, reply_errors
from bot.discord_ui.trust.places import place_of
from bot.discord_ui.visibility import fetch_own_message
from storage.domain.errors import JobGone, NotAllowed
from storage.domain.job import Job
from storage.domain.privacy.post import PostKind
from storage.domain.prompt.story import title_of
from storage.domain.trust.policy import Ban, ServerPolicy
from storage.logs import log_job

log = logging.getLogger(__name__)

PROMPT_LIMIT = 300  # characters
ACTIONS = {
    "delete": ("🗑️", discord.ButtonStyle.danger),
    "ban": ("🚫", discord.ButtonStyle.danger),
    "dismiss": ("✔️", discord.ButtonStyle.secondary),
}
LINK = re.compile(r"/channels/(\d{1,20})/(\d{1,20})/(\d{1,20})$")
"""The end of a message's link: server, channel, message."""


class ReportButton(
    DynamicButton,
    template=rf"reported:(?P<action>{'|'.join(ACTIONS)}):(?P<job>[0-9a-f]{{16}})",
):
    """What a moderator does about a report."""

    def __init__(self, action: str, job: str, label: str = "") -> None:
        emoji, style = ACTIONS[action]
        custom_id = f"reported:{action}:{job}"
        super().__init__(
            discord.ui.Button(label=label or None, emoji=emoji, style=style, custom_id=custom_id)
        )
        self.action, self.job = action, job

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Do it for who moderates the clip, and say in the message who did."""
        client = interaction.client
        if not client.is_new(interaction):
            return
        with log_job(self.job):
            async with reply_errors(interaction, client.texts):
                await self._act(interaction)

    async def _act(self, interaction: Interaction) -> None:
        studio, deleted, key = interaction.client.studio, None, f"report_{self.action}"
        await interaction.response.defer()
        try:
            job = await studio.job(self.job)
        except JobGone:  # its owner was quicker
            if not place_of(interaction).moderates:
                raise
            await self._close(interaction, "report_gone")
            return
        whole = can_moderate_job(interaction, job)
        if not (whole or place_of(interaction).moderates):
            raise NotAllowed("denied_moderate")
        if self.action == "delete" and whole:
            deleted = await delete_clip(interaction, job.id)
        elif self.action == "delete":
            key = await _delete_message(interaction, job)
        elif self.action == "ban":
            await _ban(interaction, job)
        else:
            await _record(interaction, "dismiss_report", job)
        await self._close(interaction, key)
        if deleted is not None:
            await delete_answer(interaction, deleted)

    async def _close(self, interaction: Interaction, key: str) -> None:
        """Say in the message what was done, and leave the buttons that make sense afterwards."""
        message = interaction.message
        texts, locale = interaction.client.texts, _locale(interaction)
        line = texts.text(locale, key, person=interaction.user.id)
        said = message.content if message is not None else ""
        left = ("delete", "dismiss") if self.action == "ban" else ()
        await interaction.edit_original_response(
            content=f"{said}\n{line}"[-2000:],
            view=_buttons(interaction, self.job, left) if left and key != "report_gone" else None,
            allowed_mentions=NO_MENTIONS,
        )


@dataclass(frozen=True, slots=True)
class ReportMessage:
    """A report as the moderators see it."""

    interaction: Interaction
    job: Job
    link: str
    reason: str

    async def send(self, channel: str) -> bool:
        """Post it in the moderators' channel; return False where that is not possible."""
        client, guild = self.interaction.client, self.interaction.guild_id
        place = client.get_partial_messageable(int(channel), guild_id=guild)
        try:
            sent = await place.send(
                self._text("report_clip_heading", person=self.interaction.user.id),
                embed=self._embed(),
                view=_buttons(self.interaction, self.job.id, tuple(ACTIONS)),
                allowed_mentions=NO_MENTIONS,
            )
        except discord.HTTPException as error:
            log.warning("a report cannot be posted in channel %s: %s", channel, error)
            return False
        await record_post(client, sent, self.job.id, PostKind.REPORT)
        return True

    def _embed(self) -> discord.Embed:
        prompt = quote(title_of(self.job.request), PROMPT_LIMIT)
        embed = discord.Embed(colour=discord.Colour.red(), description=prompt or None)
        embed.add_field(name=self._text("report_clip"), value=self.link, inline=False)
        embed.add_field(name=self._text("report_author"), value=f"<@{self.job.owner}>")
        if self.reason:
            embed.add_field(name=self._text("report_why"), value=quote(self.reason), inline=False)
        return embed

    def _text(self, key: str, /, **values: object) -> str:
        return self.interaction.client.texts.text(_locale(self.interaction), key, **values)


def _locale(interaction: Interaction) -> str:
    """Return the server's language, for the moderators' channel is read by several people."""
    return interaction.guild_locale.value if interaction.guild_locale else interaction.locale.value


def _buttons(interaction: Interaction, job: str, actions: tuple[str, ...]) -> discord.ui.View:
    texts, locale = interaction.client.texts, _locale(interaction)
    view = discord.ui.View(timeout=None)
    for action in actions:
        view.add_item(ReportButton(action, job, texts.text(locale, f"reported_{action}")))
    return view


async def _delete_message(interaction: Interaction, job: Job) -> str:
    """Delete the message that was reported, of a clip that was ordered elsewhere.

    Return the key of what came of it; raise NotAllowed for who does not moderate its channel.
    """
    report = interaction.message
    link = LINK.search((report and report.embeds and report.embeds[0].fields[0].value) or "")
    if link is None or link[1] != str(interaction.guild_id):
        return "report_gone"
    if not moderates_channel(interaction, link[2]):
        raise NotAllowed("denied_moderate")
    found = await fetch_own_message(interaction, int(link[2]), int(link[3]))
    if found is None or not shows_job(found, job.id):
        return "report_gone"
    await found.delete()
    await _record(interaction, "delete_message", job)
    return "report_delete_message"


async def _record(interaction: Interaction, action: str, job: Job) -> None:
    """Record in this server's log what somebody did about a report."""
    guild, person = str(interaction.guild_id or ""), str(interaction.user.id)
    await interaction.client.studio.audit.record(guild, person, action, job.id, owner=job.owner)


async def _ban(interaction: Interaction, job: Job) -> None:
    """Let a clip's author order nothing in this server; who may time members out may do that.

    A ban that is there already stays as it is. Who manages the server is banned in /settings alone.
    """
    allowed = interaction.permissions
    if not (place_of(interaction).manages or allowed.moderate_members):
        raise NotAllowed("denied_ban")
    if await _manages(interaction, job.owner):
        raise NotAllowed("denied_ban_manager")
    new = Ban(job.owner, str(interaction.user.id), interaction.created_at.timestamp())

    def change(policy: ServerPolicy) -> ServerPolicy:
        return policy if policy.ban_of(job.owner) else policy.with_ban(new)

    guild, policies = str(interaction.guild_id), interaction.client.studio.policies
    await policies.change(guild, new.by, change, "ban", job.owner)


async def _manages(interaction: Interaction, person: str) -> bool:
    """Tell whether a person is a member who may manage this server; raise where Discord is away."""
    server = interaction.guild
    if server is None or not person.isdigit():
        return False
    try:
        member = await server.fetch_member(int(person))
    except discord.NotFound:
        return False
    allowed = member.guild_permissions
    return allowed.administrator or allowed.manage_guild


def register(client: MutoscopeClient) -> None:
    """Handle the buttons."""
    client.add_dynamic_items(ReportButton)
