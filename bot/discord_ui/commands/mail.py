"""The button ✉️ under a private clip, which posts it in the channel where it was ordered."""

from __future__ import annotations

from typing import Any

import discord

from bot.discord_ui.cards.card import Card
from bot.discord_ui.cards.card_renderer import CLIP_ACTIONS, CardRenderer
from bot.discord_ui.client import Interaction
from bot.discord_ui.commands.buttons import button_view
from bot.discord_ui.dynamic_button import DynamicButton
from bot.discord_ui.permissions import missing_permissions
from bot.discord_ui.posts.posting import record_post
from bot.discord_ui.replies import NO_MENTIONS, answer_once
from bot.discord_ui.requester import FRONT_END, size_limit
from bot.discord_ui.trust.places import place_of_member
from bot.discord_ui.visibility import is_own
from bot.studio.orders.order_draft import Requester
from storage.domain.errors import JobGone, NotAllowed
from storage.domain.job import Job, ReplyTarget
from storage.domain.privacy.post import PostKind

PostingChannel = discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.Thread


class MailButton(DynamicButton, template=r"mail:(?P<channel>\d{1,20}):(?P<job>[0-9a-f]{16})"):
    """Posts a private clip in a channel, if its owner presses it and may post there themselves."""

    def __init__(self, channel: str, job: str, label: str = "") -> None:
        super().__init__(
            discord.ui.Button(label=label or None, emoji="✉️", custom_id=f"mail:{channel}:{job}")
        )
        self.channel, self.job = channel, job

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Post it, or reply why that is not possible; a double press counts once."""
        await answer_once(interaction, self.job, self.custom_id, self._post)

    async def _post(self, interaction: Interaction) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        job = await _own_clip(interaction, self.job)
        client, locale = interaction.client, interaction.locale.value
        channel = await _open_channel(interaction, int(self.channel), job)
        assert job.clip is not None
        if job.clip.bytes > size_limit(client, channel.guild.id):
            raise NotAllowed("denied_clip_too_large", size=f"{job.clip.bytes / 2**20:.1f}")
        card = await _card(interaction, job)
        sent = await channel.send(
            content=card.content,
            files=[card.attachment.to_file()] if card.attachment else [],
            view=button_view(CLIP_ACTIONS, job.id, job.locale, client.texts, card.choices),
            nonce=f"m{job.id}",
            allowed_mentions=NO_MENTIONS,
        )
        await record_post(client, sent, job.id, PostKind.CLIP)
        text = client.texts.text(locale, "mail_sent", channel=f"<#{channel.id}>")
        await interaction.edit_original_response(content=text, allowed_mentions=NO_MENTIONS)


async def _own_clip(interaction: Interaction, job_id: str) -> Job:
    job = await interaction.client.studio.job(job_id)
    if not is_own(interaction, job):
        raise NotAllowed("denied_not_owner")
    if job.clip is None:
        raise JobGone("job_over", status=job.status.value)
    return job


async def _card(interaction: Interaction, job: Job) -> Card:
    client = interaction.client
    renderer = CardRenderer(client.texts, client.studio.admission.catalogue)
    assert job.clip is not None
    data = await client.studio.shown.clip_file(job.clip)
    if data is None:
        raise JobGone("job_deleted")
    return renderer.done(job, job.clip, data)


async def _open_channel(interaction: Interaction, channel_id: int, job: Job) -> PostingChannel:
    """Return a channel where this person and the bot may post the clip; raise NotAllowed."""
    channel = interaction.client.get_channel(channel_id)
    if not isinstance(channel, PostingChannel):
        raise NotAllowed("denied_no_channel")
    thread = isinstance(channel, discord.Thread)
    try:
        person = await channel.guild.fetch_member(interaction.user.id)
    except discord.HTTPException as error:
        raise NotAllowed("denied_no_channel") from error
    for member, key in (
        (channel.guild.me, "denied_bot_permissions"),
        (person, "denied_your_permissions"),
    ):
        if missing := missing_permissions(channel.permissions_for(member), thread):
            names = (f"permission_{name}" for name in missing)
            texts, locale = interaction.client.texts, interaction.locale.value
            listed = ", ".join(texts.text(locale, name) for name in names)
            raise NotAllowed(key, permissions=listed)
    await _check_rules(interaction, channel, person, job)
    return channel


async def _check_rules(
    interaction: Interaction, channel: PostingChannel, person: discord.Member, job: Job
) -> None:
    """Raise NotAllowed where this person may order nothing there, or the clip may not be shown."""
    requester = Requester(
        *(str(person.id), interaction.locale.value, ReplyTarget(FRONT_END)),
        size_limit=channel.guild.filesize_limit,
        place=place_of_member(channel.guild, channel.id, person),
    )
    await interaction.client.studio.check_public(requester, job)
