"""The application commands that the bot has registered."""

import re

from deploy.local.discord import Json
from deploy.local.discord.rules.errors import (
    UNKNOWN_COMMAND,
    ApiError,
    Invalid,
    bad_length,
    required,
)
from deploy.local.discord.state.document_store import Drawer, Shelf
from deploy.local.discord.state.event_bus import Hub
from deploy.local.discord.state.guild import BOT
from deploy.local.discord.state.snowflakes import Snowflakes

CHAT, USER, MESSAGE = 1, 2, 3
NAME = re.compile(r"^[-_'\w]{1,32}$")
MOST = {CHAT: 100, USER: 5, MESSAGE: 5}
EMPTY = ("name_localizations", "description_localizations", "default_member_permissions")


class Commands:
    """Global and guild commands, as the bot last synced them."""

    def __init__(self, shelf: Shelf, ids: Snowflakes, hub: Hub) -> None:
        self._drawer = Drawer(shelf, "command")
        self._ids, self._hub = ids, hub

    def listed(self, guild: str | None) -> list[Json]:
        """The commands of a guild, or the global ones."""
        return [entry for entry in self._drawer if entry.get("guild_id") == guild]

    def usable(self, guild: str) -> list[Json]:
        """What a member of that guild finds there."""
        return [entry for entry in self._drawer if entry.get("guild_id") in (None, guild)]

    def get(self, key: str, guild: str | None) -> Json:
        """One command."""
        found = self._drawer.get(key)
        if found is None or found.get("guild_id") != guild:
            raise ApiError(*UNKNOWN_COMMAND)
        return found

    def overwrite(self, commands: list[Json], guild: str | None) -> list[Json]:
        """Replace all commands of a place; those that keep their name keep their id."""
        for kind, most in MOST.items():
            if sum(entry.get("type", CHAT) == kind for entry in commands) > most:
                message = f"Maximum number of application commands reached ({most})."
                raise ApiError(400, 30032, message)
        for index, command in enumerate(commands):
            check_command(command, f"{index}.")
        done = [self._write(command, guild) for command in commands]
        kept = {entry["id"] for entry in done}
        for entry in self.listed(guild):
            if entry["id"] not in kept:
                self._drawer.drop(entry["id"])
        self._hub.tell_people("COMMANDS", {"count": len(kept)})
        return done

    def create(self, command: Json, guild: str | None) -> Json:
        """Add a command, or replace the one of the same name."""
        check_command(command, "")
        done = self._write(command, guild)
        self._hub.tell_people("COMMANDS", {"count": len(self.listed(guild))})
        return done

    def change(self, key: str, command: Json, guild: str | None) -> Json:
        """Change some of a command's fields."""
        return self.create({**self.get(key, guild), **command}, guild)

    def delete(self, key: str, guild: str | None) -> None:
        """Forget a command."""
        self._drawer.drop(self.get(key, guild)["id"])
        self._hub.tell_people("COMMANDS", {"count": len(self.listed(guild))})

    def _write(self, command: Json, guild: str | None) -> Json:
        kind = command.get("type", CHAT)
        known = [e for e in self.listed(guild) if (e["type"], e["name"]) == (kind, command["name"])]
        key = known[0]["id"] if known else self._ids.next()
        done = {**dict.fromkeys(EMPTY), "description": "", **command}
        done |= {"id": key, "application_id": BOT, "type": kind, "version": self._ids.next()}
        done.setdefault("nsfw", False)
        done.setdefault("dm_permission", True)
        done.setdefault("contexts", None)
        done["integration_types"] = done.get("integration_types") or [0]
        if done["default_member_permissions"] is not None:
            done["default_member_permissions"] = str(done["default_member_permissions"])
        if guild:
            done["guild_id"] = guild
        return self._drawer.put(key, done)


def check_command(command: Json, where: str) -> None:
    """Refuse a command that Discord would refuse."""
    name, kind = command.get("name") or "", command.get("type", CHAT)
    if kind != CHAT:
        if not 1 <= len(name) <= 32:
            raise bad_length(f"{where}name", 1, 32)
        return
    _check_named(command, where)
    _check_options(command.get("options") or [], where)
    if _measure(command) > 8000:
        message = "The command is too large: 8000 characters at most."
        raise Invalid(f"{where}name", "APPLICATION_COMMAND_TOO_LARGE", message)


def _check_named(command: Json, where: str) -> None:
    for name in (command.get("name") or "", *(command.get("name_localizations") or {}).values()):
        if not NAME.match(name) or name != name.lower():
            message = "Command name is invalid"
            raise Invalid(f"{where}name", "APPLICATION_COMMAND_INVALID_NAME", message)
    texts = command.get("description_localizations") or {}
    for text in (command.get("description") or "", *texts.values()):
        if not 1 <= len(text) <= 100:
            raise bad_length(f"{where}description", 1, 100)


def _check_options(options: list[Json], where: str) -> None:
    if len(options) > 25:
        raise bad_length(f"{where}options", 0, 25)
    optional = False
    for index, option in enumerate(options):
        path = f"{where}options.{index}."
        _check_named(option, path)
        if option.get("type") not in range(1, 12):
            raise required(f"{path}type")
        if option.get("required") and optional:
            message = "Required options must be placed before non-required options"
            raise Invalid(path[:-1], "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", message)
        optional = optional or not option.get("required")
        choices = option.get("choices") or []
        if len(choices) > 25:
            raise bad_length(f"{path}choices", 0, 25)
        for place, choice in enumerate(choices):
            if not 1 <= len(choice["name"]) <= 100:
                raise bad_length(f"{path}choices.{place}.name", 1, 100)
        _check_options(option.get("options") or [], path)


def _measure(part: Json) -> int:
    """The characters that count towards a command's limit of 8,000."""
    own = _longest(part, "name") + _longest(part, "description")
    choices = part.get("choices") or []
    own += sum(_longest(choice, "name") + len(str(choice["value"])) for choice in choices)
    return own + sum(_measure(option) for option in part.get("options") or [])


def _longest(part: Json, name: str) -> int:
    texts = [part.get(name) or "", *(part.get(f"{name}_localizations") or {}).values()]
    return max(len(text) for text in texts)
