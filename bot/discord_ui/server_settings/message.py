"""The command /settings and its message, which each use of a control edits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import discord
from discord import app_commands

from bot.discord_ui.client import Interaction, MutoscopeClient, localized
from bot.discord_ui.commands.form import read_answers
from bot.discord_ui.replies import NO_MENTIONS, reply_errors
from bot.discord_ui.server_settings.allowances import AllowancesPage
from bot.discord_ui.server_settings.bans import BansPage
from bot.discord_ui.server_settings.clips import ClipsPage
from bot.discord_ui.server_settings.content import ContentPage
from bot.discord_ui.server_settings.control import PREFIX, Control, ControlName
from bot.discord_ui.server_settings.log import LogPage
from bot.discord_ui.server_settings.overview import OverviewPage
from bot.discord_ui.server_settings.page import SettingsPage, Visit
from bot.discord_ui.server_settings.pause import PausePage
from bot.discord_ui.server_settings.places import PlacesPage
from bot.discord_ui.trust.places import place_of
from storage.domain.errors import NotAllowed

PAGES: tuple[SettingsPage, ...] = (
    OverviewPage(),
    PlacesPage(),
    AllowancesPage(),
    BansPage(),
    PausePage(),
    ClipsPage(),
    ContentPage(),
    LogPage(),
)
"""A further page is a class in a file of its own, and a row here."""
OVERVIEW = "overview"
NAVIGATION = "go"
"""The control of every page that goes to another one."""
DESCRIPTION_LIMIT = 4096  # characters


async def settings(interaction: Interaction) -> None:
    """Show the settings of this server, or in a direct message those of the service."""
    async with reply_errors(interaction, interaction.client.texts):
        visit = await _visit(interaction, ControlName(not interaction.guild_id, OVERVIEW, ""))
        await interaction.response.send_message(
            embed=await _embed(visit), view=await _view(visit), ephemeral=True
        )


async def use(interaction: Interaction, custom_id: str, values: Sequence[str]) -> None:
    """Do what a control stands for, and show what is set then."""
    async with reply_errors(interaction, interaction.client.texts):
        name = ControlName.parse(custom_id)
        if name is None:
            raise NotAllowed("denied_settings")
        visit, page = await _visit(interaction, name), _page(name)
        form = page.form(visit, name.control, values)
        if form is not None:
            await interaction.response.send_modal(form)
            return
        if name.control == NAVIGATION:
            service, chosen = values[0].startswith("s."), values[0].partition(".")[2]
            target = ControlName(service, chosen, NAVIGATION)
        else:
            subject = await page.use(visit, name.control, values)
            target = ControlName(name.service, name.page, name.control, subject)
        await _show(interaction, target)


async def submit(interaction: Interaction, subject: str) -> None:
    """Do what a submitted form asks for, and show what is set then."""
    async with reply_errors(interaction, interaction.client.texts):
        name = ControlName.parse(subject)
        if name is None:
            raise NotAllowed("denied_settings")
        visit, answers = await _visit(interaction, name), read_answers(interaction)
        await _page(name).submit(visit, name.control, answers)
        await _show(interaction, ControlName(name.service, name.page, name.control))


async def _show(interaction: Interaction, name: ControlName) -> None:
    visit = await _visit(interaction, name)
    await interaction.response.edit_message(
        embed=await _embed(visit), view=await _view(visit), allowed_mentions=NO_MENTIONS
    )


async def _visit(interaction: Interaction, name: ControlName) -> Visit:
    """Return what a person looks at; raise NotAllowed where they may not, at each press anew."""
    studio, place = interaction.client.studio, place_of(interaction)
    if name.service and not studio.is_operator(str(interaction.user.id)):
        raise NotAllowed("denied_settings" if place.guild else "denied_settings_direct")
    if not name.service and not (place.guild and place.manages):
        raise NotAllowed("denied_settings")
    guild = "" if name.service else place.guild
    return Visit(interaction, guild, await studio.policies.of(guild), name.page, name.subject)


def _page(name: ControlName) -> SettingsPage:
    """Return the page of a control; raise NotAllowed where there is none for its scope."""
    for page in PAGES:
        if page.name == name.page and (page.for_service or not name.service):
            return page
    raise NotAllowed("denied_settings")


async def _embed(visit: Visit) -> discord.Embed:
    page = _page(visit.name(NAVIGATION))
    guild = visit.interaction.guild
    place = guild.name if visit.guild and guild is not None else visit.text("settings_service")
    title = f"{page.emoji} {visit.text(f'tab_{page.name}')} · {place}"
    lines = "\n".join(line for line in await page.lines(visit) if line)
    return discord.Embed(
        title=title[:256],
        description=lines[:DESCRIPTION_LIMIT],
        colour=discord.Colour.blurple() if visit.guild else discord.Colour.orange(),
    )


async def _view(visit: Visit) -> discord.ui.View:
    view = discord.ui.View(timeout=None)
    for number, row in enumerate([[_navigation(visit)], *await _page_rows(visit)]):
        for control in row:
            control.item.row = number
            view.add_item(control)
    return view


async def _page_rows(visit: Visit) -> list[list[Control]]:
    return await _page(visit.name(NAVIGATION)).rows(visit)


def _navigation(visit: Visit) -> Control:
    """Return the menu of pages: the server's, and for operators the service's."""
    person = str(visit.interaction.user.id)
    place = place_of(visit.interaction)
    options = []
    for scope, shown in (
        ("h", bool(place.guild) and place.manages),
        ("s", visit.interaction.client.studio.is_operator(person)),
    ):
        for page in PAGES if shown else ():
            if scope == "s" and not page.for_service:
                continue
            label = visit.text(f"tab_{page.name}")
            label = label if scope == "h" else f"{visit.text('settings_service')}: {label}"
            chosen = page.name == visit.page and (scope == "s") == (not visit.guild)
            value = f"{scope}.{page.name}"
            options.append(
                discord.SelectOption(label=label, value=value, emoji=page.emoji, default=chosen)
            )
    return visit.menu(NAVIGATION, visit.text("settings_choose_page"), options)


def register(client: MutoscopeClient) -> None:
    """Add the command, which Discord shows in servers only to who may manage them."""
    client.add_dynamic_items(Control)
    client.controls[PREFIX] = use
    client.modals[PREFIX] = submit
    command: app_commands.Command[Any, ..., None] = app_commands.Command(
        name=localized(client.texts, "command_settings"),
        description=localized(client.texts, "command_settings_about"),
        callback=settings,
        allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=True),
        allowed_installs=app_commands.AppInstallationType(guild=True),
    )
    command.default_permissions = discord.Permissions(manage_guild=True)
    client.tree.add_command(command)
