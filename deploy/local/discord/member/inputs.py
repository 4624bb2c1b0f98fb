"""The data of an interaction, built from a member's input with the checks of Discord's client."""

from deploy.local.discord import Json
from deploy.local.discord.rules.components import (
    BUTTON,
    CHECKBOX_GROUP,
    SELECTS,
    STRING_SELECT,
    TEXT_INPUT,
    UPLOAD,
    walk,
)
from deploy.local.discord.rules.errors import ApiError
from deploy.local.discord.state.attachments import AttachmentStore
from deploy.local.discord.state.guild import Guild

STRING, INTEGER, BOOLEAN, USER, CHANNEL = 3, 4, 5, 6, 7
MENTIONABLE, NUMBER, ATTACHMENT = 9, 10, 11
PYTHON_TYPES = {STRING: (str,), INTEGER: (int,), BOOLEAN: (bool,), NUMBER: (int, float)}


class RejectedInput(ApiError):
    """Discord's client would not have sent this; the bot receives nothing."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(400, 0, f"{name}: {reason}")


def command_data(command: Json, values: Json, guild: Guild, attachments: AttachmentStore) -> Json:
    """Return the data of a slash command with these option values by name."""
    options = {option["name"]: option for option in command.get("options") or []}
    unknown = sorted(set(values) - set(options))
    if unknown:
        raise RejectedInput(unknown[0], "there is no such option")
    resolved: Json = {}
    sent = []
    for name, option in options.items():
        value = values.get(name)
        if value is None:
            if option.get("required"):
                raise RejectedInput(name, "this option is required")
            continue
        _check_value(option, value)
        _resolve(option, str(value), resolved, guild, attachments)
        sent.append({"name": name, "type": option["type"], "value": value})
    data: Json = {"id": command["id"], "name": command["name"], "type": command["type"]}
    data |= {"options": sent} if sent else {}
    data |= {"resolved": resolved} if resolved else {}
    if command.get("guild_id"):
        data["guild_id"] = command["guild_id"]
    return data


def _check_value(option: Json, value: object) -> None:
    name, kind = option["name"], option["type"]
    types = PYTHON_TYPES.get(kind, (str,))
    if not isinstance(value, types) or (isinstance(value, bool) and kind != BOOLEAN):
        raise RejectedInput(name, "the value is of another type")
    choices = [choice["value"] for choice in option.get("choices") or []]
    if choices and not option.get("autocomplete") and value not in choices:
        raise RejectedInput(name, "the value is not among the choices")
    if isinstance(value, str) and kind == STRING:
        low, high = option.get("min_length") or 0, option.get("max_length") or 6000
        if not low <= len(value) <= high:
            raise RejectedInput(name, f"must be between {low} and {high} in length")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        low, high = option.get("min_value"), option.get("max_value")
        if low is not None and value < low:
            raise RejectedInput(name, f"must be at least {low}")
        if high is not None and value > high:
            raise RejectedInput(name, f"must be at most {high}")


def _resolve(
    option: Json, value: str, resolved: Json, guild: Guild, attachments: AttachmentStore
) -> None:
    kind = option["type"]
    if kind == ATTACHMENT:
        _resolve_upload(option["name"], value, resolved, attachments)
    elif kind in (USER, MENTIONABLE):
        resolved.setdefault("users", {})[value] = guild.user(value)
        resolved.setdefault("members", {})[value] = guild.partial_member(value)
    elif kind == CHANNEL:
        resolved.setdefault("channels", {})[value] = guild.channel(value)


def _resolve_upload(name: str, key: str, resolved: Json, attachments: AttachmentStore) -> None:
    attachment = attachments.get(key)
    if attachment is None:
        raise RejectedInput(name, "there is no such upload")
    resolved.setdefault("attachments", {})[key] = attachments.with_urls(attachment)


def component_data(component: Json, values: list[str]) -> Json:
    """Return the data of a click on a button, or of a selection."""
    data: Json = {"custom_id": component["custom_id"], "component_type": component["type"]}
    if component["type"] == BUTTON:
        return data
    _check_selection(component, values)
    return {**data, "values": values}


def _check_selection(select: Json, values: list[str]) -> None:
    low, high = select.get("min_values", 1), select.get("max_values", 1)
    if not low <= len(values) <= high:
        raise RejectedInput(select["custom_id"], f"choose between {low} and {high}")
    if select["type"] == STRING_SELECT:
        offered = {option["value"] for option in select["options"]}
        if not set(values) <= offered:
            raise RejectedInput(select["custom_id"], "the value is not among the options")


def modal_data(modal: Json, values: Json, attachments: AttachmentStore) -> Json:
    """Return the data of a submitted modal with these values by custom_id."""
    fields = {part["custom_id"] for _, part in walk(modal["components"]) if "custom_id" in part}
    unknown = sorted(set(values) - fields)
    if unknown:
        raise RejectedInput(unknown[0], "there is no such field")
    resolved: Json = {}

    def submitted(part: Json) -> Json:
        own: Json = {"type": part["type"], "id": part.get("id", 0)}
        if part.get("component"):
            field = _field_data(part["component"], values, attachments, resolved)
            return {**own, "component": field}
        if part.get("components"):
            row = [_field_data(one, values, attachments, resolved) for one in part["components"]]
            return {**own, "components": row}
        return own

    components = [submitted(part) for part in modal["components"]]
    data: Json = {"custom_id": modal["custom_id"], "components": components}
    return {**data, "resolved": resolved} if resolved else data


def _field_data(field: Json, values: Json, attachments: AttachmentStore, resolved: Json) -> Json:
    key, kind = field["custom_id"], field["type"]
    own: Json = {"type": kind, "id": field.get("id", 0), "custom_id": key}
    if kind == TEXT_INPUT:
        return {**own, "value": _checked_text(field, values.get(key, field.get("value")) or "")}
    if kind not in SELECTS | {UPLOAD, CHECKBOX_GROUP}:
        return {**own, "value": values.get(key, next(iter(_defaults(field)), None))}
    chosen = values.get(key, _defaults(field))
    optional = field.get("required") is False and not chosen
    if kind in SELECTS | {UPLOAD} and not optional:
        stated = {name: value for name, value in field.items() if value is not None}
        _check_selection({"min_values": 1, "max_values": 1, **stated}, chosen)
    for upload in chosen if kind == UPLOAD else []:
        _resolve_upload(key, upload, resolved, attachments)
    return {**own, "values": chosen}


def _defaults(field: Json) -> list[str]:
    return [option["value"] for option in field.get("options") or [] if option.get("default")]


def _checked_text(field: Json, text: str) -> str:
    if field.get("required", True) and not text:
        raise RejectedInput(field["custom_id"], "this field is required")
    low, high = field.get("min_length") or 0, field.get("max_length") or 4000
    if text and not low <= len(text) <= high:
        raise RejectedInput(field["custom_id"], f"must be between {low} and {high} in length")
    return text
