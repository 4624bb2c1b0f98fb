"""What members can do to the bot: commands, components and modals, as Discord's client allows."""

from collections.abc import Callable

from deploy.local.discord import Json
from deploy.local.discord.member import inputs
from deploy.local.discord.member.inputs import RejectedInput
from deploy.local.discord.member.resolved import RESOLVED, resolved_of
from deploy.local.discord.rules.commands import CHAT, MESSAGE
from deploy.local.discord.rules.components import BUTTON
from deploy.local.discord.rules.errors import (
    MISSING_PERMISSIONS,
    UNKNOWN_COMMAND,
    UNKNOWN_MESSAGE,
    ApiError,
)
from deploy.local.discord.rules.permissions import ALL, Permission
from deploy.local.discord.state.discord_state import DiscordState
from deploy.local.discord.state.guild import is_installed
from deploy.local.discord.state.interaction.interactions import (
    AUTOCOMPLETE,
    COMMAND,
    COMPONENT,
    MODAL,
    NewInteraction,
)
from deploy.local.discord.state.normalization import find_clickable


class MemberActions:
    """Turns an action of a member's client into an interaction, or rejects it as the client would.

    An action is an object with `type`, `member` and the fields that its type needs.
    """

    def __init__(self, state: DiscordState) -> None:
        self._guild, self._messages, self._commands = state.guild, state.messages, state.commands
        self._interactions, self._attachments = state.interactions, state.attachments
        self._types: dict[str, Callable[[Json], NewInteraction]] = {
            "command": self._command,
            "autocomplete": self._autocomplete,
            "message_command": self._message_command,
            "component": self._component,
            "modal": self._modal,
        }

    def perform(self, action: Json) -> Json:
        """Create the interaction of an action and return its record."""
        build = self._types.get(str(action.get("type")))
        if build is None:
            raise RejectedInput("type", f"must be one of {', '.join(self._types)}")
        try:
            new = build(action)
        except KeyError as error:
            raise RejectedInput(str(error.args[0]), "this field is required") from error
        return self._interactions.create(new)

    def available_commands(self, member: str, channel: Json) -> list[Json]:
        """Return the commands that this member finds in this channel."""
        allowed = self._guild.permissions(member, channel)
        if not allowed & Permission.USE_APPLICATION_COMMANDS:
            return []
        guild = self._guild.of_channel(channel)
        installs = {0} if guild is None or is_installed(guild) else set()
        if self._guild.member_record(member).get("user_install"):
            installs.add(1)
        found = self._commands.available(str(guild["id"]) if guild else "")
        return [
            command
            for command in found
            if installs & set(command["integration_types"])
            and _is_shown(command, allowed, direct=guild is None)
        ]

    def visible_message(self, member: str, key: str) -> Json:
        """Return the record of a message that this member sees."""
        record = self._messages.record(key)
        self._guild.visible_channel(member, record["message"]["channel_id"])
        if record["only"] not in (None, member):
            raise ApiError(*UNKNOWN_MESSAGE)
        return record

    def _find_command(self, action: Json, kind: int) -> tuple[Json, Json]:
        channel = self._guild.visible_channel(action["member"], action["channel"])
        for command in self.available_commands(action["member"], channel):
            if command["type"] == kind and action["name"] in (command["name"], command["id"]):
                return command, channel
        raise ApiError(*UNKNOWN_COMMAND)

    def _command(self, action: Json) -> NewInteraction:
        command, channel = self._find_command(action, CHAT)
        given = action.get("options") or {}
        data = inputs.command_data(command, given, self._guild, self._attachments)
        self._check_uploads(action["member"], channel, data)
        installs = tuple(command["integration_types"])
        return NewInteraction(COMMAND, data, action["member"], channel["id"], installs=installs)

    def _check_uploads(self, member: str, channel: Json, data: Json) -> None:
        allowed = self._guild.permissions(member, channel)
        sent = data.get("resolved", {}).get("attachments")
        if sent and not allowed & Permission.ATTACH_FILES:
            raise ApiError(*MISSING_PERMISSIONS)

    def _autocomplete(self, action: Json) -> NewInteraction:
        command, channel = self._find_command(action, CHAT)
        types = {option["name"]: option["type"] for option in command.get("options") or []}
        options = [
            {"name": name, "type": types[name], "value": value}
            for name, value in action["options"].items()
        ]
        for option in options:
            if option["name"] == action["focused"]:
                option["focused"] = True
        data = {key: command[key] for key in ("id", "name", "type")} | {"options": options}
        return NewInteraction(AUTOCOMPLETE, data, action["member"], channel["id"])

    def _message_command(self, action: Json) -> NewInteraction:
        command, channel = self._find_command(action, MESSAGE)
        target = self.visible_message(action["member"], action["message"])
        shown = self._messages.view(target, action["member"])
        data = {key: command[key] for key in ("id", "name", "type")}
        data |= {"target_id": shown["id"], "resolved": {"messages": {shown["id"]: shown}}}
        installs = tuple(command["integration_types"])
        return NewInteraction(COMMAND, data, action["member"], channel["id"], installs=installs)

    def _component(self, action: Json) -> NewInteraction:
        if self._guild.is_timed_out(action["member"]):
            raise ApiError(*MISSING_PERMISSIONS)
        message = self.visible_message(action["member"], action["message"])["message"]
        custom_id, values = action["custom_id"], action.get("values") or []
        component = find_clickable(message, custom_id)
        if component is None:
            raise RejectedInput(custom_id, "there is no enabled component of this custom_id")
        if component["type"] == BUTTON and values:
            raise RejectedInput(custom_id, "a button takes no values")
        data = inputs.component_data(component, values)
        if component["type"] in RESOLVED:
            channel = self._guild.channel(message["channel_id"])
            chosen = (component, values, action["member"], channel)
            data["resolved"] = resolved_of(*chosen, self._guild)
        place = message["channel_id"], message["id"]
        return NewInteraction(COMPONENT, data, action["member"], *place)

    def _modal(self, action: Json) -> NewInteraction:
        if self._guild.is_timed_out(action["member"]):
            raise ApiError(*MISSING_PERMISSIONS)
        cause = self._interactions.get(action["interaction"])
        outcome, member = cause["outcome"] or {}, action["member"]
        if outcome.get("kind") != "modal" or cause["member"] != member:
            raise RejectedInput("interaction", "it opened no modal for this member")
        values = action.get("values") or {}
        data = inputs.modal_data(outcome["modal"], values, self._attachments)
        return NewInteraction(MODAL, data, member, cause["channel"], cause["message"], cause["id"])


def _is_shown(command: Json, allowed: int, *, direct: bool) -> bool:
    contexts = command.get("contexts")
    if contexts is not None and (1 if direct else 0) not in contexts:
        return False
    if direct:
        return command.get("dm_permission", True) is not False
    if allowed == ALL or command.get("default_member_permissions") is None:
        return True
    needed = int(command["default_member_permissions"])
    return needed != 0 and allowed & needed == needed
