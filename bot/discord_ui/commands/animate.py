"""The slash command that turns attached pictures into clips, built from the option table."""

from __future__ import annotations

from collections.abc import Sequence
from inspect import Parameter, Signature
from typing import Any, cast

import discord
from discord import app_commands

from bot.discord_ui.client import Interaction, MutoscopeClient, localized
from bot.discord_ui.commands.place_order import place_order
from bot.discord_ui.models.model_choice import complete_model
from bot.discord_ui.models.style_choice import complete_style
from bot.studio.clips.end_picture import END_PICTURE
from bot.studio.option_table import MODEL, STYLE, Option
from bot.studio.options import Options
from storage.domain.models.ranges import Span

MOST_OPTIONS = 25  # of one command
PICTURES = ("picture", "picture_2", "picture_3", "picture_4")


def register(client: MutoscopeClient) -> None:
    """Add the command with the bounds and recommendations of this service's catalogue."""
    texts, admission = client.texts, client.studio.admission
    models = [*admission.catalogue.models.values()]
    options = {
        option.name: option
        for option in admission.table
        if option.in_command
        and admission.offering(option)
        and (option.name != MODEL or len(models) > 1)
    }
    [end] = [option for option in admission.table if option.name == END_PICTURE]
    ends = (END_PICTURE,) if admission.offering(end) else ()
    shown = PICTURES[: MOST_OPTIONS - len(options) - len(ends)]
    attached = (*shown, *ends)
    names = {name: localized(texts, f"option_{name}") for name in attached}
    about = {name: localized(texts, f"option_{name}_about") for name in attached}
    choices: dict[str, list[app_commands.Choice[str]]] = {}
    parameters = [_parameter(name, discord.Attachment, name == PICTURES[0]) for name in attached]
    for name, option in options.items():
        names[name] = localized(texts, option.name_key)
        able = admission.offering(option)
        about[name] = localized(texts, option.about_key, **admission.about(option, able[0]))
        bounds = [span for model in able if (span := admission.bounds(option, model))]
        required = option.required and len(able) == len(models)
        parameters.append(_parameter(name, _type(option, bounds), required))
        labels: dict[str, str] = {}
        for model in able:
            labels |= admission.choices(option, model)
        if labels:
            choices[name] = [
                app_commands.Choice(name=localized(texts, label), value=value)
                for value, label in labels.items()
            ]

    async def callback(interaction: Interaction, **values: Any) -> None:
        given, end = [values.pop(name) for name in shown], values.pop(END_PICTURE, None)
        parsed = {
            name: options[name].parse(value) for name, value in values.items() if value is not None
        }
        pictures = [one for one in given if one is not None]
        await place_order(interaction, pictures, Options(**parsed), end)

    signed: Any = callback
    signed.__signature__ = Signature([_parameter("interaction", Interaction, True), *parameters])
    for decorate in (
        app_commands.rename(**names),
        app_commands.describe(**about),
        app_commands.choices(**choices),
    ):
        decorate(signed)
    for name, complete in ((MODEL, complete_model), (STYLE, complete_style)):
        if name in options:
            app_commands.autocomplete(**{name: complete})(signed)
    client.tree.add_slash_command("animate", signed)


def _type(option: Option, bounds: Sequence[Span]) -> Any:
    """Return the annotation of an option for discord.py; a choice is a str with choices.

    bounds are those of each model that has some.
    """
    if option.kind not in (int, float):
        longest = option.max_length
        return cast(Any, app_commands.Range)[str, None, longest] if longest else str
    if not bounds:
        return option.kind
    low = option.kind(min(span.low for span in bounds))
    high = option.kind(max(span.high for span in bounds))
    return cast(Any, app_commands.Range)[option.kind, low, high]


def _parameter(name: str, annotation: Any, required: bool) -> Parameter:
    """Return a parameter for discord.py, which sends the required ones first."""
    if required:
        return Parameter(name, Parameter.KEYWORD_ONLY, annotation=annotation)
    return Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=annotation | None)
