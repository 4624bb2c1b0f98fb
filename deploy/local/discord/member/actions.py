"""What a member can do to the bot: commands, clicks, modals, each as Discord's client allows."""

from collections.abc import Callable

from deploy.local.discord import Json
from deploy.local.discord.member import input_rules
from deploy.local.discord.rules.components import BUTTON
from deploy.local.discord.rules.errors import (
    MISSING_PERMISSIONS,
    UNKNOWN_COMMAND,
    UNKNOWN_MESSAGE,
    ApiError,
)
from deploy.local.discord.rules.permissions import EVERYTHING, Permission
from deploy.local.discord.state.attachments import Files
from deploy.local.discord.state.commands import CHAT, MESSAGE, Commands
from deploy.local.discord.state.guild import GUILD, World
from deploy.local.discord.state.interactions import (
    AUTOCOMPLETE,
    COMMAND,
    COMPONENT,
    MODAL,
    Act,
    Interactions,
)
from deploy.local.discord.state.messages import Messages
from deploy.local.discord.state.normalization import clickable


class MemberActs:
    """Turns a member's wish into an interaction, or refuses it as the client would."""

    def __init__(
        self,
        world: World,
        messages: Messages,
        commands: Commands,
        interactions: Interactions,
        files: Files,
    ) -> None:
        self._world, self._messages, self._commands = world, messages, commands
        self.interactions, self.files = interactions, files
        self._kinds: dict[str, Callable[[Json], Act]] = {
            "command": self._command,
            "autocomplete": self._autocomplete,
            "message_command": self._message_command,
            "component": self._component,
            "modal": self._modal,
        }

    def begin(self, wish: Json) -> Json:
        """Start the interaction that this wish describes."""
        make = self._kinds.get(str(wish.get("type")))
        if make is None:
            raise input_rules.Refused("type", f"must be one of {', '.join(self._kinds)}")
        try:
            act = make(wish)
        except KeyError as error:
            raise input_rules.Refused(str(error.args[0]), "this field is required") from error
        return self.interactions.begin(act)

    def usable(self, member: str, channel: Json) -> list[Json]:
        """The commands that this member finds in this channel."""
        allowed = self._world.permissions(member, channel)
        if not allowed & Permission.USE_APPLICATION_COMMANDS:
            return []
        direct = "guild_id" not in channel
        return [
            command
            for command in self._commands.usable(GUILD)
            if _offered(command, allowed, direct=direct)
        ]

    def _find(self, wish: Json, kind: int) -> tuple[Json, Json]:
        channel = self._world.visible(wish["member"], wish["channel"])
        for command in self.usable(wish["member"], channel):
            if command["type"] == kind and wish["name"] in (command["name"], command["id"]):
                return command, channel
        raise ApiError(*UNKNOWN_COMMAND)

    def _command(self, wish: Json) -> Act:
        command, channel = self._find(wish, CHAT)
        data = input_rules.fill(command, wish.get("options") or {}, self._world, self.files)
        self._check_uploads(wish["member"], channel, data)
        return Act(COMMAND, data, wish["member"], channel["id"])

    def _check_uploads(self, member: str, channel: Json, data: Json) -> None:
        allowed = self._world.permissions(member, channel)
        sent = data.get("resolved", {}).get("attachments")
        if sent and not allowed & Permission.ATTACH_FILES:
            raise ApiError(*MISSING_PERMISSIONS)

    def _autocomplete(self, wish: Json) -> Act:
        command, channel = self._find(wish, CHAT)
        kinds = {option["name"]: option["type"] for option in command.get("options") or []}
        options = [
            {"name": name, "type": kinds[name], "value": value}
            for name, value in wish["options"].items()
        ]
        for option in options:
            if option["name"] == wish["focused"]:
                option["focused"] = True
        data = {key: command[key] for key in ("id", "name", "type")}
        return Act(AUTOCOMPLETE, {**data, "options": options}, wish["member"], channel["id"])

    def _message_command(self, wish: Json) -> Act:
        command, channel = self._find(wish, MESSAGE)
        target = self._seen(wish["member"], wish["message"])
        shown = self._messages.shown(target, wish["member"])
        data = {key: command[key] for key in ("id", "name", "type")}
        data |= {"target_id": shown["id"], "resolved": {"messages": {shown["id"]: shown}}}
        return Act(COMMAND, data, wish["member"], channel["id"])

    def _seen(self, member: str, key: str) -> Json:
        record = self._messages.record(key)
        self._world.visible(member, record["message"]["channel_id"])
        if record["only"] not in (None, member):
            raise ApiError(*UNKNOWN_MESSAGE)
        return record

    def _component(self, wish: Json) -> Act:
        message = self._seen(wish["member"], wish["message"])["message"]
        component = clickable(message, wish["custom_id"])
        if component is None:
            raise input_rules.Refused(wish["custom_id"], "there is nothing to press by that name")
        if component["type"] == BUTTON and wish.get("values"):
            raise input_rules.Refused(wish["custom_id"], "a button takes no values")
        data = input_rules.choose(component, wish.get("values") or [])
        resolved = self._chosen_people(component, data)
        data |= {"resolved": resolved} if resolved else {}
        return Act(COMPONENT, data, wish["member"], message["channel_id"], message["id"])

    def _chosen_people(self, component: Json, data: Json) -> Json:
        if component["type"] != 5:
            return {}
        return {
            "users": {key: self._world.user(key) for key in data["values"]},
            "members": {key: self._world.bare_member(key) for key in data["values"]},
        }

    def _modal(self, wish: Json) -> Act:
        cause = self.interactions.find(wish["interaction"])
        outcome = cause["outcome"] or {}
        if outcome.get("kind") != "modal" or cause["member"] != wish["member"]:
            raise input_rules.Refused("interaction", "it opened no modal for this member")
        data = input_rules.submit(outcome["modal"], wish.get("values") or {}, self.files)
        message = cause["message"]
        return Act(MODAL, data, wish["member"], cause["channel"], message, cause["id"])


def _offered(command: Json, allowed: int, *, direct: bool) -> bool:
    contexts = command.get("contexts")
    if contexts is not None and (1 if direct else 0) not in contexts:
        return False
    if direct:
        return command.get("dm_permission", True) is not False
    if allowed == EVERYTHING or command.get("default_member_permissions") is None:
        return True
    wanted = int(command["default_member_permissions"])
    return wanted != 0 and allowed & wanted == wanted
