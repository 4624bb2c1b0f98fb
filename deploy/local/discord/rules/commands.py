"""Limits of application commands: names, localizations, options, choices, contexts, total size."""

import re
from collections.abc import Iterable
from itertools import chain

from deploy.local.discord import Json
from deploy.local.discord.rules.errors import (
    InvalidForm,
    check_length,
    check_range,
    check_unique,
    required,
)

CHAT, USER, MESSAGE = 1, 2, 3
STRING, INTEGER, NUMBER = 3, 4, 10
NUMBERS = frozenset({INTEGER, NUMBER})
CONTEXTS, INTEGRATION_TYPES = frozenset({0, 1, 2}), frozenset({0, 1})
NAME = re.compile(r"^[-_'\w]{1,32}$")
LONGEST_TEXT = 6000
LOCALES = frozenset(
    {"ar", "bg", "cs", "da", "de", "el", "en-GB", "en-US", "es-419", "es-ES", "fi", "fr", "he"}
    | {"hi", "hr", "hu", "id", "it", "ja", "ko", "lt", "nl", "no", "pl", "pt-BR", "ro", "ru"}
    | {"sv-SE", "th", "tr", "uk", "vi", "zh-CN", "zh-TW"}
)


def check_commands(commands: list[Json]) -> None:
    """Raise InvalidForm for the first command that Discord refuses, or a name that is taken."""
    for index, command in enumerate(commands):
        check_command(command, f"{index}.")
    for kind in (CHAT, USER, MESSAGE):
        of_kind = [entry for entry in commands if entry.get("type", CHAT) == kind]
        names = chain.from_iterable(_by_locale(of_kind))
        check_unique(names, "name", "APPLICATION_COMMANDS_DUPLICATE_NAME")


def check_command(command: Json, where: str) -> None:
    """Raise InvalidForm for a command that Discord refuses."""
    _check_places(command, where)
    if command.get("type", CHAT) != CHAT:
        for text in _texts(command, "name", where):
            check_length(text, f"{where}name", 1, 32)
        return
    _check_texts(command, where)
    _check_options(command.get("options") or [], where)
    if _size(command) > 8000:
        message = "The command is too large: 8000 characters at most."
        raise InvalidForm(f"{where}name", "APPLICATION_COMMAND_TOO_LARGE", message)


def _check_places(command: Json, where: str) -> None:
    for name, allowed in (("contexts", CONTEXTS), ("integration_types", INTEGRATION_TYPES)):
        given = command.get(name)
        if given is not None and (not given or not set(given) <= allowed):
            message = f"Value must be one of {sorted(allowed)}."
            raise InvalidForm(f"{where}{name}", "BASE_TYPE_CHOICES", message)


def _texts(part: Json, name: str, where: str) -> list[str]:
    """Return a text and its localizations; raise InvalidForm for a locale that is none."""
    localized = part.get(f"{name}_localizations") or {}
    for locale in localized:
        if locale not in LOCALES:
            path = f"{where}{name}_localizations"
            raise InvalidForm(path, "DICT_TYPE_KEY_INVALID", f"{locale} is no locale")
    return [part.get(name) or "", *localized.values()]


def _check_texts(part: Json, where: str) -> None:
    for name in _texts(part, "name", where):
        if not NAME.match(name) or name != name.lower():
            message = "Command name is invalid"
            raise InvalidForm(f"{where}name", "APPLICATION_COMMAND_INVALID_NAME", message)
    for text in _texts(part, "description", where):
        check_length(text, f"{where}description", 1, 100)


def _check_options(options: list[Json], where: str) -> None:
    check_length(options, f"{where}options", 0, 25)
    optional = False
    for index, option in enumerate(options):
        path = f"{where}options.{index}."
        _check_texts(option, path)
        if option.get("type") not in range(1, 12):
            raise required(f"{path}type")
        if option.get("required") and optional:
            message = "Required options must be placed before non-required options"
            code = "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID"
            raise InvalidForm(path[:-1], code, message)
        optional = optional or not option.get("required")
        _check_bounds(option, path)
        _check_choices(option, path)
        _check_options(option.get("options") or [], path)
    for names in _by_locale(options):
        check_unique(names, f"{where}options", "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS")


def _by_locale(parts: list[Json]) -> Iterable[list[str]]:
    """Yield the names of all parts as they are read in each locale that one of them has."""
    localized = [part.get("name_localizations") or {} for part in parts]
    for locale in {None, *chain.from_iterable(localized)}:
        yield [
            f"{locale or ''}:{names.get(locale, part['name'])}"
            for part, names in zip(parts, localized, strict=True)
        ]


def _check_bounds(option: Json, where: str) -> None:
    for low, high, allowed in (
        ("min_value", "max_value", option["type"] in NUMBERS),
        ("min_length", "max_length", option["type"] == STRING),
    ):
        given = [option[name] for name in (low, high) if option.get(name) is not None]
        if given and not allowed:
            message = f"This type of option has no {low} or {high}"
            raise InvalidForm(f"{where}{low}", "APPLICATION_COMMAND_OPTION_BOUNDS_INVALID", message)
        if len(given) == 2 and given[0] > given[1]:
            message = f"{low} must not exceed {high}"
            raise InvalidForm(f"{where}{low}", "APPLICATION_COMMAND_OPTION_BOUNDS_INVALID", message)
    for name, least in (("min_length", 0), ("max_length", 1)):
        if option.get(name) is not None:
            check_range(option[name], f"{where}{name}", least, LONGEST_TEXT)


def _check_choices(option: Json, where: str) -> None:
    choices = option.get("choices") or []
    check_length(choices, f"{where}choices", 0, 25)
    if choices and option.get("autocomplete"):
        message = "An option with autocomplete has no choices"
        raise InvalidForm(f"{where}choices", "APPLICATION_COMMAND_OPTION_CHOICES", message)
    for place, choice in enumerate(choices):
        path = f"{where}choices.{place}."
        for text in _texts(choice, "name", path):
            check_length(text, f"{path}name", 1, 100)
        if isinstance(choice["value"], str):
            check_length(choice["value"], f"{path}value", 1, 100)
    for names in _by_locale(choices):
        check_unique(names, f"{where}choices", "APPLICATION_COMMAND_OPTIONS_CHOICE_NAME_EXISTS")


def _size(part: Json) -> int:
    """Return the characters that count towards a command's limit of 8,000."""
    size = _longest(part, "name") + _longest(part, "description")
    choices = part.get("choices") or []
    size += sum(_longest(choice, "name") + len(str(choice["value"])) for choice in choices)
    return size + sum(_size(option) for option in part.get("options") or [])


def _longest(part: Json, name: str) -> int:
    texts = [part.get(name) or "", *(part.get(f"{name}_localizations") or {}).values()]
    return max(len(text) for text in texts)
