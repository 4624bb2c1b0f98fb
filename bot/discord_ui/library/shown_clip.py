"""Showing a clip that is there already: to one person alone, or to a channel once more."""

from __future__ import annotations

from dataclasses import dataclass

import discord

from bot.discord_ui.cards.card import Card
from bot.discord_ui.cards.card_renderer import CLIP_ACTIONS, ENDED_ACTIONS, CardRenderer
from bot.discord_ui.client import Interaction, MutoscopeClient
from bot.discord_ui.commands.buttons import button_view
from bot.discord_ui.permissions import check_permissions
from bot.discord_ui.replies import BLOCKED_BY_AUTOMOD, NO_MENTIONS
from bot.discord_ui.requester import requester_of, run_order
from bot.discord_ui.trust.places import place_of
from bot.discord_ui.visibility import check_visible, is_own
from bot.studio.orders.order_draft import Requester
from storage.domain.errors import JobGone, NotAllowed
from storage.domain.job import Job, Status
from storage.domain.privacy.post import Post

REQUEST_TOO_LARGE = 40005  # Discord's error code

OWN_ACTIONS = ("again", "tweak", "details", "show", "delete")
OTHERS_ACTIONS = ("again", "tweak", "extend", "details")
MENU = ("finish",)


async def fetch(interaction: Interaction, job_id: str) -> None:
    """Show a person the outcome of a job, with the clip's file."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    job = await interaction.client.studio.job(job_id)
    await check_visible(interaction, job)
    await show_alone(interaction, job)


async def show_alone(interaction: Interaction, job: Job) -> None:
    """Show a job in a deferred response that only this person sees."""
    own = is_own(interaction, job)
    await interaction.client.studio.content.check_shown(place_of(interaction), job)
    shown = _ShownClip(interaction, job, _actions(job, own))
    if await shown.edit() and own and job.status.final:
        await interaction.client.studio.deliveries.fetched(job.id)


async def show_here(interaction: Interaction, job_id: str) -> None:
    """Post a person's own clip in this channel, for everybody: nothing is made, nothing charged."""
    check_permissions(interaction)
    job = await interaction.client.studio.job(job_id)
    if not is_own(interaction, job):
        raise NotAllowed("denied_not_owner")
    if job.clip is None:
        raise JobGone("job_over", status=job.status.value)
    if job.clip.bytes > interaction.filesize_limit:
        raise NotAllowed("denied_clip_too_large", size=f"{job.clip.bytes / 2**20:.1f}")
    await interaction.client.studio.check_public(requester_of(interaction), job)
    shown = _ShownClip(interaction, job, CLIP_ACTIONS)

    async def post(requester: Requester) -> None:
        """Record the message, which shows nothing yet, then show the clip in it."""
        place = requester.reply_to
        message = place.message or str((await interaction.original_response()).id)
        new = Post(job.id, place.front, place.channel, message)
        await interaction.client.studio.privacy.posts.add(new)
        await shown.edit()

    await run_order(interaction, post)


def _actions(job: Job, own: bool) -> tuple[str, ...]:
    """Return the buttons of a job in a message that one person sees, its owner or another."""
    if not job.status.final:
        return ("details",)
    if job.clip is None:
        return ENDED_ACTIONS if own else OTHERS_ACTIONS
    return (OWN_ACTIONS if own else OTHERS_ACTIONS) + MENU


@dataclass(frozen=True, slots=True)
class _ShownClip:
    """A job's card in the deferred response to an interaction, with these buttons."""

    interaction: Interaction
    job: Job
    actions: tuple[str, ...]

    async def edit(self) -> bool:
        """Edit the response; return False where Discord refuses the clip's file as too large."""
        client, job = self.interaction.client, self.job
        renderer = CardRenderer(client.texts, client.studio.admission.catalogue)
        card = await self._card(renderer)
        try:
            await self._send(card)
        except discord.HTTPException as error:
            if error.code == BLOCKED_BY_AUTOMOD:
                await self._send(card.without_prompt())
            elif job.clip is None or (error.status != 413 and error.code != REQUEST_TOO_LARGE):
                raise
            else:
                await self._send(renderer.too_large(job, job.clip))
                return False
        return True

    async def _card(self, renderer: CardRenderer) -> Card:
        job = self.job
        if job.status is Status.QUEUED:
            return renderer.waiting(job, None)
        if job.status is Status.RUNNING:
            return renderer.running(job, None)
        if job.clip is None:
            return renderer.ended_without_clip(job)
        data = await self.interaction.client.studio.shown.clip_file(job.clip)
        return renderer.lost(job) if data is None else renderer.done(job, job.clip, data)

    async def _send(self, card: Card) -> None:
        texts, locale = self.interaction.client.texts, self.interaction.locale.value
        await self.interaction.edit_original_response(
            content=card.content,
            attachments=[card.attachment.to_file()] if card.attachment else [],
            view=button_view(self.actions, self.job.id, locale, texts, card.choices),
            allowed_mentions=NO_MENTIONS,
        )


def register(client: MutoscopeClient) -> None:
    """Handle the buttons that show a clip."""
    client.job_actions |= {"fetch": fetch, "show": show_here}
