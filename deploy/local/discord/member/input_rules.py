"""What Discord's own client lets a member send: options, values, selects and fields."""

from deploy.local.discord import Json
from deploy.local.discord.rules.components import STRING_SELECT, TEXT_INPUT, UPLOAD, walk
from deploy.local.discord.rules.errors import ApiError
from deploy.local.discord.state.attachments import Files
from deploy.local.discord.state.guild import World

STRING, INTEGER, BOOLEAN, USER, CHANNEL, NUMBER, ATTACHMENT = 3, 4, 5, 6, 7, 10, 11
MENTIONABLE = 9
PLAIN = {STRING: (str,), INTEGER: (int,), BOOLEAN: (bool,), NUMBER: (int, float)}
EVERY_BOX = 22


class Refused(ApiError):
    """The member's client would not have sent this; nothing reached the bot."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(400, 0, f"{where}: {reason}")


def fill(command: Json, given: Json, world: World, files: Files) -> Json:
    """The interaction data of a slash command with these options by name."""
    options = {option["name"]: option for option in command.get("options") or []}
    unknown = sorted(set(given) - set(options))
    if unknown:
        raise Refused(unknown[0], "there is no such option")
    resolved: Json = {}
    sent = []
    for name, option in options.items():
        if given.get(name) is None:
            if option.get("required"):
                raise Refused(name, "this option is required")
            continue
        value = given[name]
        _check_value(option, value, autocomplete=bool(option.get("autocomplete")))
        _resolve(option, str(value), resolved, world, files)
        sent.append({"name": name, "type": option["type"], "value": value})
    data: Json = {"id": command["id"], "name": command["name"], "type": command["type"]}
    data |= {"options": sent} if sent else {}
    data |= {"resolved": resolved} if resolved else {}
    if command.get("guild_id"):
        data["guild_id"] = command["guild_id"]
    return data


def _check_value(option: Json, value: object, *, autocomplete: bool) -> None:
    name, kind = option["name"], option["type"]
    types = PLAIN.get(kind, (str,))
    if not isinstance(value, types) or (isinstance(value, bool) and kind != BOOLEAN):
        raise Refused(name, "the value is of another type")
    choices = [choice["value"] for choice in option.get("choices") or []]
    if choices and not autocomplete and value not in choices:
        raise Refused(name, "the value is not among the choices")
    if isinstance(value, str) and kind == STRING:
        low, high = option.get("min_length") or 0, option.get("max_length") or 6000
        if not low <= len(value) <= high:
            raise Refused(name, f"must be between {low} and {high} in length")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        low, high = option.get("min_value"), option.get("max_value")
        if low is not None and value < low:
            raise Refused(name, f"must be at least {low}")
        if high is not None and value > high:
            raise Refused(name, f"must be at most {high}")


def _resolve(option: Json, value: str, resolved: Json, world: World, files: Files) -> None:
    kind = option["type"]
    if kind == ATTACHMENT:
        attachment = files.describe(value)
        if attachment is None:
            raise Refused(option["name"], "there is no such upload")
        resolved.setdefault("attachments", {})[value] = files.shown(attachment)
    elif kind in (USER, MENTIONABLE):
        resolved.setdefault("users", {})[value] = world.user(value)
        resolved.setdefault("members", {})[value] = world.bare_member(value)
    elif kind == CHANNEL:
        resolved.setdefault("channels", {})[value] = world.channel(value)


def choose(component: Json, values: list[str]) -> Json:
    """The interaction data of a click on a button, or of a choice in a select."""
    data: Json = {"custom_id": component["custom_id"], "component_type": component["type"]}
    if component["type"] == 2:
        return data
    _check_choice(component, values)
    return {**data, "values": values}


def _check_choice(select: Json, values: list[str]) -> None:
    low, high = select.get("min_values", 1), select.get("max_values", 1)
    if not low <= len(values) <= high:
        raise Refused(select["custom_id"], f"choose between {low} and {high}")
    if select["type"] == STRING_SELECT:
        offered = {option["value"] for option in select["options"]}
        if not set(values) <= offered:
            raise Refused(select["custom_id"], "the value is not among the options")


def submit(modal: Json, values: Json, files: Files) -> Json:
    """The interaction data of a modal with these values by custom_id."""
    fields = {part["custom_id"] for _, part in walk(modal["components"]) if "custom_id" in part}
    unknown = sorted(set(values) - fields)
    if unknown:
        raise Refused(unknown[0], "there is no such field")
    resolved: Json = {}
    components = [_submit_top(part, values, files, resolved) for part in modal["components"]]
    data: Json = {"custom_id": modal["custom_id"], "components": components}
    return {**data, "resolved": resolved} if resolved else data


def _submit_top(part: Json, values: Json, files: Files, resolved: Json) -> Json:
    own: Json = {"type": part["type"], "id": part.get("id", 0)}
    if part.get("component"):
        return {**own, "component": _submit_field(part["component"], values, files, resolved)}
    if part.get("components"):
        rows = [_submit_field(field, values, files, resolved) for field in part["components"]]
        return {**own, "components": rows}
    return own


def _submit_field(field: Json, values: Json, files: Files, resolved: Json) -> Json:
    key, kind = field["custom_id"], field["type"]
    own: Json = {"type": kind, "id": field.get("id", 0), "custom_id": key}
    if kind == TEXT_INPUT:
        return {**own, "value": _check_text(field, values.get(key, field.get("value")) or "")}
    if kind in (3, 5, 6, 7, 8, UPLOAD, EVERY_BOX):
        chosen = values.get(key, _preset(field))
        optional = field.get("required") is False and not chosen
        if kind in (3, 5, 6, 7, 8) and not optional:
            _check_choice({"min_values": 1, "max_values": 1, **field}, chosen)
        for upload in chosen if kind == UPLOAD else []:
            attachment = files.describe(upload)
            if attachment is None:
                raise Refused(key, "there is no such upload")
            resolved.setdefault("attachments", {})[upload] = files.shown(attachment)
        return {**own, "values": chosen}
    return {**own, "value": values.get(key, next(iter(_preset(field)), None))}


def _preset(field: Json) -> list[str]:
    return [option["value"] for option in field.get("options") or [] if option.get("default")]


def _check_text(field: Json, text: str) -> str:
    if field.get("required", True) and not text:
        raise Refused(field["custom_id"], "this field is required")
    low, high = field.get("min_length") or 0, field.get("max_length") or 4000
    if text and not low <= len(text) <= high:
        raise Refused(field["custom_id"], f"must be between {low} and {high} in length")
    return text
