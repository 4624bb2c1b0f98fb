"""What a page of /settings is: its text, its controls, and what using one of them does."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import discord

from bot.discord_ui.client import Interaction
from bot.discord_ui.server_settings.control import Control, ControlName
from storage.domain.trust.policy import Change, ServerPolicy


@dataclass(frozen=True, slots=True)
class Visit:
    """A page as one person sees it who may change what it shows.

    guild is the server, empty for the whole service. subject is what the page's controls are about
    just now, such as a role; empty where nothing is chosen.
    """

    interaction: Interaction
    guild: str
    policy: ServerPolicy
    page: str
    subject: str = ""

    def text(self, key: str, /, **values: object) -> str:
        """Return a text in the person's language."""
        return self.interaction.client.texts.text(self.interaction.locale.value, key, **values)

    def name(self, control: str, subject: str | None = None) -> ControlName:
        """Return the name of a control of this page, about the same subject unless it is given."""
        about = self.subject if subject is None else subject
        return ControlName(self.guild == "", self.page, control, about)

    def button(
        self,
        control: str,
        label: str,
        style: discord.ButtonStyle = discord.ButtonStyle.secondary,
        subject: str | None = None,
    ) -> Control:
        """Return a button with this label."""
        custom_id = str(self.name(control, subject))
        return Control(discord.ui.Button(label=label, style=style, custom_id=custom_id))

    def menu(
        self, control: str, placeholder: str, options: Sequence[discord.SelectOption]
    ) -> Control:
        """Return a menu of which one option is chosen."""
        custom_id = str(self.name(control))
        return Control(
            discord.ui.Select(
                custom_id=custom_id, placeholder=placeholder, options=list(options[:25])
            )
        )

    async def change(self, change: Change, action: str = "settings", subject: str = "") -> None:
        """Change the policy, and record who did so."""
        policies, person = self.interaction.client.studio.policies, self.interaction.user.id
        await policies.change(self.guild, str(person), change, action, subject)


class SettingsPage(ABC):
    """One page; a subclass adds what it shows and does, and stands in PAGES.

    for_service tells whether operators have this page for the whole service, too.
    """

    name: str
    emoji: str
    for_service = False

    @abstractmethod
    async def lines(self, visit: Visit) -> list[str]:
        """Return what the page says, line by line."""

    async def rows(self, _visit: Visit) -> list[list[Control]]:
        """Return up to four rows of controls: five buttons, or one menu."""
        return []

    async def use(self, _visit: Visit, _control: str, _values: Sequence[str]) -> str:
        """Do what a control stands for; return the subject that the page is about afterwards."""
        return ""

    def form(self, _visit: Visit, _control: str, _values: Sequence[str]) -> discord.ui.Modal | None:
        """Return the form that a control opens in place of being used, if any."""
        return None

    async def submit(  # noqa: B027 (few pages have forms)
        self, _visit: Visit, _control: str, _answers: Mapping[str, str]
    ) -> None:
        """Do what a submitted form of a control asks for."""
