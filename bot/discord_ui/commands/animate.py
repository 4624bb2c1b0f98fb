"""Slash commands that order clips, built from the option table: /animate, of attached pictures."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from inspect import Parameter, Signature
from typing import Any, TypeAlias, cast

import discord
from discord import app_commands

from bot.discord_ui.client import Interaction, MutoscopeClient, localized
from bot.discord_ui.commands.place_order import place_order
from bot.discord_ui.models.model_choice import complete_model
from bot.discord_ui.models.style_choice import complete_style
from bot.discord_ui.replies import reply_errors
from bot.i18n import Translations
from bot.studio.clips.end_picture import END_PICTURE
from bot.studio.option_table import MODEL, STYLE, Option
from bot.studio.options import Options
from bot.studio.orders.admission import Admission
from bot.studio.parameter_lines import read_parameters
from storage.domain.models.ranges import Span

MOST_OPTIONS = 25  # of one command
RARER = ("playback", "choose", "guidance", "strength")
"""Options that /animate has only where there is room for all pictures, otherwise in PARAMETERS."""
PARAMETERS = "parameters"
MOST_TEXT = 6000  # characters of PARAMETERS: as many as Discord takes
PICTURES = ("picture", "picture_2", "picture_3", "picture_4")

Order: TypeAlias = Callable[[Interaction, Mapping[str, Any], Options], Awaitable[None]]
"""Places an order, by the values of a command's own parameters and the options."""


@dataclass(frozen=True, slots=True)
class OwnParameter:
    """A command's parameter that is no option: its texts are those of an option of its name.

    choices has the message key of each value that may be chosen, empty where any may be given.
    """

    name: str
    annotation: Any
    required: bool = False
    choices: Mapping[str, str] = field(default_factory=dict)


def register(client: MutoscopeClient) -> None:
    """Add the command."""
    admission, texts = client.studio.admission, client.texts

    async def order(interaction: Interaction, own: Mapping[str, Any], options: Options) -> None:
        pictures = [own[name] for name in shown if own[name] is not None]
        async with reply_errors(interaction, texts):
            more = read_parameters(admission.table, own.get(PARAMETERS) or "")
            given = Options(**{**more, **options})
            await place_order(interaction, pictures, given, own.get(END_PICTURE))

    [end] = [option for option in admission.table if option.name == END_PICTURE]
    ends = (END_PICTURE,) if admission.offering(end) else ()
    offered = _options(admission)
    surplus = len(PICTURES) + len(ends) + len(offered) - MOST_OPTIONS
    rarer = [name for name in RARER if name in offered]
    left_out = rarer[: surplus + 1] if surplus > 0 else []
    # Each that is left out makes room, but one, which PARAMETERS takes.
    shown = (
        PICTURES[: len(PICTURES) - max(0, surplus + 1 - len(left_out))] if left_out else PICTURES
    )
    own = [OwnParameter(name, discord.Attachment, name == PICTURES[0]) for name in (*shown, *ends)]
    if left_out:
        text = cast(Any, app_commands.Range)[str, None, MOST_TEXT]
        own.append(OwnParameter(PARAMETERS, text))
    add_command(client, "animate", own, order, left_out=left_out)


def add_command(
    client: MutoscopeClient,
    command: str,
    own: Sequence[OwnParameter],
    order: Order,
    needed: Collection[str] = (),
    *,
    left_out: Collection[str] = (),
) -> None:
    """Add a command with the bounds and recommendations of this service's catalogue.

    Its own parameters come before the options; needed are options that it has to have, whatever
    the model; left_out are those that it has no room for.
    """
    texts, admission = client.texts, client.studio.admission
    models = admission.catalogue.models
    options = {name: option for name, option in _options(admission).items() if name not in left_out}
    names = {one.name: localized(texts, f"option_{one.name}") for one in own}
    about = {one.name: localized(texts, f"option_{one.name}_about") for one in own}
    choices = {one.name: _choices(texts, one.choices) for one in own if one.choices}
    parameters = [_parameter(one.name, one.annotation, one.required) for one in own]
    for name, option in options.items():
        names[name] = localized(texts, option.name_key)
        able = admission.offering(option)
        about[name] = localized(texts, option.about_key, **admission.about(option, able[0]))
        bounds = [span for model in able if (span := admission.bounds(option, model))]
        required = name in needed or (option.required and len(able) == len(models))
        parameters.append(_parameter(name, _type(option, bounds), required))
        labels: dict[str, str] = {}
        for model in able:
            labels |= admission.choices(option, model)
        if labels:
            choices[name] = _choices(texts, labels)

    async def callback(interaction: Interaction, **values: Any) -> None:
        given = {one.name: values.pop(one.name) for one in own}
        parsed = {
            name: options[name].parse(value) for name, value in values.items() if value is not None
        }
        await order(interaction, given, Options(**parsed))

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
    client.tree.add_slash_command(command, signed)


def _options(admission: Admission) -> dict[str, Option]:
    """Return the options of a command by their names."""
    several = len(admission.catalogue.models) > 1
    return {
        option.name: option
        for option in admission.table
        if option.in_command and admission.offering(option) and (option.name != MODEL or several)
    }


def _choices(texts: Translations, labels: Mapping[str, str]) -> list[app_commands.Choice[str]]:
    """Return the choices of these values, each with its message key or text."""
    return [
        app_commands.Choice(name=localized(texts, label), value=value)
        for value, label in labels.items()
    ]


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
