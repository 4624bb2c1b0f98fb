"""Components and embeds as Discord returns them: numbered, complete, media resolved."""

from copy import deepcopy

from deploy.local.discord import Json
from deploy.local.discord.rules import components as kinds

DEFAULTS: dict[int, Json] = {
    kinds.THUMBNAIL: {"description": None, "spoiler": False},
    kinds.FILE: {"name": None, "size": None, "spoiler": False},
    kinds.SEPARATOR: {"spacing": 1, "divider": True},
    kinds.CONTAINER: {"accent_color": None, "spoiler": False},
    **{kind: {"min_values": 1, "max_values": 1} for kind in kinds.SELECTS},
}
PREFIX = "attachment://"


def complete_components(components: list[Json], attachments: list[Json]) -> list[Json]:
    """Number the components, fill in defaults and resolve `attachment://` media."""
    named = {entry["filename"]: entry for entry in attachments}
    tree = deepcopy(components)
    taken = {entry["id"] for _, entry in kinds.walk(tree) if entry.get("id")}
    fresh = (number for number in range(1, 1000) if number not in taken)
    for _, component in kinds.walk(tree):
        component["id"] = component.get("id") or next(fresh)
        for name, value in DEFAULTS.get(component["type"], {}).items():
            if component.get(name) is None:
                component[name] = value
        if component["type"] in kinds.SELECTS:
            component.pop("required", None)  # it means something in a modal alone
        for chosen in component.get("default_values") or []:
            chosen["id"] = str(chosen["id"])  # apps may send a number
        _resolve_media(component, named)
        for part in (component, *(component.get("options") or [])):
            if part.get("emoji"):
                part["emoji"] = {key: value for key, value in part["emoji"].items() if value}
        for name in [name for name, value in component.items() if value is None]:
            if name not in DEFAULTS.get(component["type"], {}):
                del component[name]
    return tree


def _resolve_media(component: Json, named: dict[str, Json]) -> None:
    for item in component.get("items") or []:
        item["media"] = _media(item["media"], named)
        item.setdefault("description", None)
        item.setdefault("spoiler", False)
    if component["type"] == kinds.THUMBNAIL:
        component["media"] = _media(component["media"], named)
    if component["type"] == kinds.FILE:
        component["file"] = _media(component["file"], named)
        found = next((e for e in named.values() if e["url"] == component["file"]["url"]), None)
        if found:
            component |= {"name": found["filename"], "size": found["size"]}


def _media(media: Json, named: dict[str, Json]) -> Json:
    url = media["url"]
    found = named.get(url[len(PREFIX) :]) if url.startswith(PREFIX) else None
    if found is None:
        return {"id": media.get("id") or "0", "url": url, "proxy_url": media.get("proxy_url", url)}
    shown = {"id": found["id"], "attachment_id": found["id"]}
    shown |= {name: found[name] for name in ("url", "proxy_url")}
    known = ("width", "height", "content_type")
    return shown | {name: found[name] for name in known if name in found}


def complete_embeds(embeds: list[Json], attachments: list[Json]) -> list[Json]:
    """Resolve `attachment://` pictures in embeds and set their type."""
    named = {entry["filename"]: entry for entry in attachments}
    done = deepcopy(embeds)
    for embed in done:
        embed.setdefault("type", "rich")
        for name in ("image", "thumbnail"):
            if embed.get(name):
                media = {**embed[name], **_media(embed[name], named)}
                kept = ("url", "proxy_url", "width", "height", "content_type")
                embed[name] = {key: media[key] for key in kept if key in media}
        icons = [embed[name] for name in ("author", "footer") if embed.get(name)]
        for part in icons:
            if part.get("icon_url", "").startswith(PREFIX):
                part["icon_url"] = _media({"url": part["icon_url"]}, named)["url"]
    return done


def listed_attachments(message: Json) -> list[Json]:
    """Return the attachments that a message lists: those that no embed of it shows."""
    parts = [embed.get(name) for embed in message["embeds"] for name in ("image", "thumbnail")]
    inside = {part["url"] for part in parts if part}
    return [entry for entry in message["attachments"] if entry["url"] not in inside]


def find_clickable(message: Json, custom_id: str) -> Json | None:
    """Return the enabled button or select with this custom_id in a message, or None."""
    for _, component in kinds.walk(message["components"]):
        if component.get("custom_id") == custom_id and not component.get("disabled"):
            return component
    return None
