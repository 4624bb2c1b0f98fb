"""Limits of application commands: names, descriptions, options and total size."""

import re

from deploy.local.discord import Json
from deploy.local.discord.rules.errors import InvalidForm, check_length, required

CHAT, USER, MESSAGE = 1, 2, 3
NAME = re.compile(r"^[-_'\w]{1,32}$")


def check_command(command: Json, where: str) -> None:
    """Raise InvalidForm for a command that Discord refuses."""
    name, kind = command.get("name") or "", command.get("type", CHAT)
    if kind != CHAT:
        check_length(name, f"{where}name", 1, 32)
        return
    _check_texts(command, where)
    _check_options(command.get("options") or [], where)
    if _size(command) > 8000:
        message = "The command is too large: 8000 characters at most."
        raise InvalidForm(f"{where}name", "APPLICATION_COMMAND_TOO_LARGE", message)


def _check_texts(command: Json, where: str) -> None:
    for name in (command.get("name") or "", *(command.get("name_localizations") or {}).values()):
        if not NAME.match(name) or name != name.lower():
            message = "Command name is invalid"
            raise InvalidForm(f"{where}name", "APPLICATION_COMMAND_INVALID_NAME", message)
    texts = command.get("description_localizations") or {}
    for text in (command.get("description") or "", *texts.values()):
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
        choices = option.get("choices") or []
        check_length(choices, f"{path}choices", 0, 25)
        for place, choice in enumerate(choices):
            check_length(choice["name"], f"{path}choices.{place}.name", 1, 100)
        _check_options(option.get("options") or [], path)


def _size(part: Json) -> int:
    """Return the characters that count towards a command's limit of 8,000."""
    size = _longest(part, "name") + _longest(part, "description")
    choices = part.get("choices") or []
    size += sum(_longest(choice, "name") + len(str(choice["value"])) for choice in choices)
    return size + sum(_size(option) for option in part.get("options") or [])


def _longest(part: Json, name: str) -> int:
    texts = [part.get(name) or "", *(part.get(f"{name}_localizations") or {}).values()]
    return max(len(text) for text in texts)
