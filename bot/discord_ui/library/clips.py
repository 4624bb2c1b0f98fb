"""The command /clips: what could not be delivered, and a person's clips page by page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import discord
from discord import app_commands

from bot.discord_ui.client import Interaction, MutoscopeClient, localized
from bot.discord_ui.commands.buttons import JobButton
from bot.discord_ui.dynamic_button import DynamicButton
from bot.discord_ui.replies import BLOCKED_BY_AUTOMOD, NO_MENTIONS, quote, reply_errors
from storage.domain.job import Job
from storage.domain.library.pages import ClipPage, PageRequest
from storage.domain.prompt.story import title_of

PROMPT_LIMITS = (80, 40, 15)  # characters; a shorter one where the list would be too long
CONTENT_LIMIT = 2000  # characters
SEARCH_LIMIT = 36  # characters, so that they fit into a button's custom_id
NAVIGATION_ROW = 4


async def clips(
    interaction: Interaction, search: app_commands.Range[str, 1, SEARCH_LIMIT] | None = None
) -> None:
    """List a person's clips, with a button for each that shows it to them alone."""
    client = interaction.client
    async with reply_errors(interaction, client.texts):
        await interaction.response.defer(ephemeral=True)
        await client.studio.deliveries.take_untold(str(interaction.user.id))
        await show_page(interaction, search=" ".join((search or "").split()))


async def show_page(
    interaction: Interaction, *, anchor: str = "", newer: bool = False, search: str = ""
) -> None:
    """Show a page in the interaction's response, without prompts where moderation blocks one."""
    studio, owner = interaction.client.studio, str(interaction.user.id)
    waiting = await studio.deliveries.fetchable(owner)
    without = [job.id for job in waiting]
    page = await studio.library.page(PageRequest(owner, anchor, newer, search, without))
    listing = _Listing(interaction, waiting, page, search)
    try:
        await listing.show()
    except discord.HTTPException as error:
        if error.code != BLOCKED_BY_AUTOMOD:
            raise
        await listing.show(prompts=False)


class PageButton(
    DynamicButton,
    template=rf"page:(?P<way>[<>]):(?P<anchor>[0-9a-f]{{16}}):(?P<search>.{{0,{SEARCH_LIMIT}}})",
):
    """Shows the clips that are newer (<) or older (>) than one of them, in the same message."""

    def __init__(self, way: str, anchor: str, search: str, label: str = "") -> None:
        emoji = "◀️" if way == "<" else "▶️"
        custom_id = f"page:{way}:{anchor}:{search}"
        super().__init__(
            discord.ui.Button(
                label=label or None, emoji=emoji, custom_id=custom_id, row=NAVIGATION_ROW
            )
        )
        self.way, self.anchor, self.search = way, anchor, search

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Show the page."""
        client = interaction.client
        if not client.is_new(interaction):
            return
        async with reply_errors(interaction, client.texts):
            await interaction.response.defer()
            await show_page(
                interaction, anchor=self.anchor, newer=self.way == "<", search=self.search
            )


@dataclass(frozen=True, slots=True)
class _Listing:
    """What waits for a person, and a page of their clips, as a message."""

    interaction: Interaction
    waiting: Sequence[Job]
    page: ClipPage
    search: str

    async def show(self, *, prompts: bool = True) -> None:
        """Edit the interaction's response."""
        limits = PROMPT_LIMITS if prompts else (0,)
        texts = (self._content(limit) for limit in limits)
        fitting = next((text for text in texts if len(text) <= CONTENT_LIMIT), self._content(0))
        await self.interaction.edit_original_response(
            content=fitting, view=self._view(), allowed_mentions=NO_MENTIONS
        )

    def _content(self, prompt_limit: int) -> str:
        """Return the numbered clips, without their prompts where the limit is 0."""
        if not self.waiting and not self.page.jobs and not self.search:
            return self._text("clips_none")
        lines = [f"**{self._text('clips_title')}**"]
        number = 0
        found = "clips_found" if self.search else "clips_recent"
        for key, jobs in (("clips_waiting", self.waiting), (found, self.page.jobs)):
            if jobs:
                lines.append(self._text(key, search=quote(self.search, SEARCH_LIMIT)))
            for job in jobs:
                number += 1
                prompt = quote(title_of(job.request), prompt_limit) + " · " if prompt_limit else ""
                lines.append(f"{number}. {prompt}<t:{job.ended:.0f}:R>")
        if not self.page.jobs and self.search:
            key = "clips_not_found_yet" if self.page.older else "clips_not_found"
            lines.append(self._text(key, search=quote(self.search, SEARCH_LIMIT)))
        if number:
            lines.append("-# " + self._text("clips_how"))
        return "\n".join(lines)

    def _view(self) -> discord.ui.View:
        view = discord.ui.View(timeout=None)
        for number, job in enumerate((*self.waiting, *self.page.jobs), start=1):
            view.add_item(JobButton("fetch", job.id, str(number)))
        for way, anchor in (("<", self.page.newer), (">", self.page.older)):
            if anchor:
                key = "clips_newer" if way == "<" else "clips_older"
                view.add_item(PageButton(way, anchor, self.search, self._text(key)))
        return view

    def _text(self, key: str, /, **values: object) -> str:
        return self.interaction.client.texts.text(self.interaction.locale.value, key, **values)


def register(client: MutoscopeClient) -> None:
    """Add the command, and the buttons of its pages."""
    client.add_dynamic_items(PageButton)
    decorated: Any = clips
    app_commands.rename(search=localized(client.texts, "option_search"))(decorated)
    app_commands.describe(search=localized(client.texts, "option_search_about"))(decorated)
    client.tree.add_slash_command("clips", clips)
