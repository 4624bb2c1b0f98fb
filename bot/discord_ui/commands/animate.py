"""The slash command that turns attached pictures into clips, built from the option table."""

from __future__ import annotations

from inspect import Parameter, Signature
from typing import Annotated, Any

import discord
from discord import AppCommandOptionType, app_commands

from bot.discord_ui.client import Interaction, MutoscopeClient, localized
from bot.discord_ui.commands.place_order import place_order
from bot.i18n import Translations
from bot.studio.admission import Admission
from bot.studio.option_table import Option
from bot.studio.options import Options, OptionValue

PICTURES = ("picture", "picture_2", "picture_3", "picture_4")
TYPES = {int: AppCommandOptionType.integer, float: AppCommandOptionType.number}


class OptionTransformer(app_commands.Transformer):
    """Tells discord.py an option's type, bounds and choices, and converts its value."""

    def __init__(self, option: Option, admission: Admission, texts: Translations) -> None:
        model = admission.catalogue.model()
        self._option = option
        self._bounds = admission.bounds(option, model)
        self._choices = [
            app_commands.Choice(name=localized(texts, label), value=value)
            for value, label in admission.choices(option, model).items()
        ]

    @property
    def type(self) -> AppCommandOptionType:
        """The option's type."""
        return TYPES.get(self._option.kind, AppCommandOptionType.string)

    @property
    def min_value(self) -> int | float | None:
        """The least value that Discord lets through."""
        return self._bound(self._bounds.low) if self._bounds else None

    @property
    def max_value(self) -> int | float | None:
        """The greatest value that Discord lets through."""
        return self._bound(self._bounds.high) if self._bounds else None

    @property
    def choices(self) -> list[app_commands.Choice[Any]] | None:
        """The values to choose from."""
        return self._choices or None

    async def transform(
        self, _interaction: discord.Interaction[Any], value: OptionValue, /
    ) -> OptionValue:
        """Return the value in the option's own type."""
        return self._option.parse(value)

    def _bound(self, value: float) -> int | float:
        return int(value) if self._option.kind is int else value


async def animate(interaction: Interaction, values: dict[str, Any]) -> None:
    """Order a clip of each picture; values holds what was filled in, by parameter name."""
    given = [values.pop(name) for name in PICTURES]
    await place_order(interaction, [one for one in given if one is not None], Options(**values))


def register(client: MutoscopeClient) -> None:
    """Add the command with the bounds and recommendations of this service's catalogue."""
    texts, admission = client.texts, client.studio.admission
    options = [option for option in admission.table if option.in_command]
    names = {name: localized(texts, f"option_{name}") for name in PICTURES}
    about = {name: localized(texts, f"option_{name}_about") for name in PICTURES}
    for option in options:
        gaps = admission.about(option, admission.catalogue.model())
        names[option.name] = localized(texts, option.name_key)
        about[option.name] = localized(texts, option.about_key, **gaps)

    async def callback(interaction: Interaction, **values: Any) -> None:
        await animate(interaction, values)

    signed: Any = callback
    signed.__signature__ = Signature(
        [
            Parameter("interaction", Parameter.POSITIONAL_OR_KEYWORD),
            *(_parameter(name, discord.Attachment, name == PICTURES[0]) for name in PICTURES),
            *(
                _parameter(
                    option.name,
                    Annotated[str, OptionTransformer(option, admission, texts)],
                    option.required,
                )
                for option in options
            ),
        ]
    )
    command: app_commands.Command[Any, ..., None] = app_commands.Command(
        name=localized(texts, "command_animate"),
        description=localized(texts, "command_animate_about"),
        callback=app_commands.rename(**names)(app_commands.describe(**about)(signed)),
        allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=True),
    )
    client.tree.add_command(command)


def _parameter(name: str, annotation: Any, required: bool) -> Parameter:
    """Return a parameter for discord.py, which sends the required ones first."""
    if required:
        return Parameter(name, Parameter.KEYWORD_ONLY, annotation=annotation)
    return Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=annotation | None)
