"""The application commands that the bot has registered."""

from deploy.local.discord import Json
from deploy.local.discord.rules.commands import CHAT, MESSAGE, USER, check_command, check_commands
from deploy.local.discord.rules.errors import UNKNOWN_COMMAND, ApiError
from deploy.local.discord.state.document_store import Collection, DocumentStore
from deploy.local.discord.state.events import EventDispatcher
from deploy.local.discord.state.guild import BOT
from deploy.local.discord.state.snowflakes import Snowflakes

MOST = {CHAT: 100, USER: 5, MESSAGE: 5}
INSTALLS = [0, 1]
"""What the application's own settings allow; a command without its own follows them."""
NULL_BY_DEFAULT = (
    "name_localizations",
    "description_localizations",
    "default_member_permissions",
    "contexts",
)


class CommandRegistry:
    """Global commands (guild None) and the guild's, as the bot last synced them."""

    def __init__(self, store: DocumentStore, ids: Snowflakes, events: EventDispatcher) -> None:
        self._commands = Collection(store, "command")
        self._ids, self._events = ids, events

    def registered(self, guild: str | None) -> list[Json]:
        """Return the commands of a guild, or the global ones."""
        return [entry for entry in self._commands if entry.get("guild_id") == guild]

    def available(self, guild: str) -> list[Json]:
        """Return the global commands and those of a guild ("" for direct messages)."""
        return [entry for entry in self._commands if entry.get("guild_id") in (None, guild)]

    def get(self, key: str, guild: str | None) -> Json:
        """Return one command."""
        found = self._commands.get(key)
        if found is None or found.get("guild_id") != guild:
            raise ApiError(*UNKNOWN_COMMAND)
        return found

    def overwrite(self, commands: list[Json], guild: str | None) -> list[Json]:
        """Replace all commands; one with the name of an earlier one keeps its id."""
        for kind, most in MOST.items():
            if sum(entry.get("type", CHAT) == kind for entry in commands) > most:
                message = f"Maximum number of application commands reached ({most})."
                raise ApiError(400, 30032, message)
        check_commands(commands)
        done = [self._write(command, guild) for command in commands]
        kept = {entry["id"] for entry in done}
        for entry in self.registered(guild):
            if entry["id"] not in kept:
                self._commands.delete(entry["id"])
        self._publish(guild)
        return done

    def create(self, command: Json, guild: str | None) -> Json:
        """Add a command, or replace the one of the same name."""
        check_command(command, "")
        done = self._write(command, guild)
        self._publish(guild)
        return done

    def edit(self, key: str, command: Json, guild: str | None) -> Json:
        """Change some of a command's fields."""
        return self.create({**self.get(key, guild), **command}, guild)

    def delete(self, key: str, guild: str | None) -> None:
        """Delete a command."""
        self._commands.delete(self.get(key, guild)["id"])
        self._publish(guild)

    def _publish(self, guild: str | None) -> None:
        self._events.publish("COMMANDS", {"count": len(self.registered(guild))})

    def _write(self, command: Json, guild: str | None) -> Json:
        kind = command.get("type", CHAT)
        same = (kind, command["name"])
        known = [one for one in self.registered(guild) if (one["type"], one["name"]) == same]
        key = known[0]["id"] if known else self._ids.next()
        defaults = {"description": "", "nsfw": False, "dm_permission": True}
        done = {**dict.fromkeys(NULL_BY_DEFAULT), **defaults, **command}
        done |= {"id": key, "application_id": BOT, "type": kind, "version": self._ids.next()}
        done["integration_types"] = done.get("integration_types") or INSTALLS
        if done["default_member_permissions"] is not None:
            done["default_member_permissions"] = str(done["default_member_permissions"])
        if guild:
            done["guild_id"] = guild
        return self._commands.put(key, done)
