"""Limits of a message: content, embeds, attachments and their references."""

import re

from deploy.local.discord import Json
from deploy.local.discord.rules.components import check_components, walk
from deploy.local.discord.rules.errors import (
    EMPTY_MESSAGE,
    ApiError,
    InvalidForm,
    check_length,
    check_max_length,
    required,
)

CONTENT_LIMIT = 2000
EMBED_TOTAL = 6000
EPHEMERAL = 1 << 6
LOADING = 1 << 7
COMPONENTS_V2 = 1 << 15
SETTABLE_FLAGS = 1 << 2 | EPHEMERAL | 1 << 12 | COMPONENTS_V2
EMBED_TEXTS = {"title": 256, "description": 4096}
REFERENCE = re.compile(r"^attachment://(.+)$")


def check_message(message: Json) -> None:
    """Raise ApiError for a message (as it would be after the change) that Discord refuses."""
    content, embeds = message.get("content") or "", message.get("embeds") or []
    components = message.get("components") or []
    layout = bool(message["flags"] & COMPONENTS_V2)
    if layout and (content or embeds):
        where = "content" if content else "embeds"
        raise InvalidForm(
            where,
            "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
            f"The '{where}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2",
        )
    check_max_length(content, "content", CONTENT_LIMIT)
    check_length(message["attachments"], "attachments", 0, 10)
    check_embeds(embeds)
    check_components(components, layout=layout)
    shown = ("attachments", "sticker_ids", "message_snapshots")
    empty = not (content.strip() or embeds or any(message.get(name) for name in shown))
    if empty and not (layout and components):
        raise ApiError(*EMPTY_MESSAGE)
    check_references(message)


def visible_texts(message: Json) -> list[str]:
    """Return the texts of a message that AutoMod reads."""
    texts = [message.get("content") or ""]
    for embed in message.get("embeds") or []:
        texts += [embed.get("title") or "", embed.get("description") or ""]
        texts += [field["value"] for field in embed.get("fields") or []]
    for _, component in walk(message.get("components") or []):
        texts.append(component.get("content") or "")
    return texts


def check_embeds(embeds: list[Json]) -> None:
    """Raise InvalidForm for too many embeds, a text that is too long, or too much text."""
    check_length(embeds, "embeds", 0, 10)
    total = 0
    for index, embed in enumerate(embeds):
        where = f"embeds.{index}"
        for name, limit in EMBED_TEXTS.items():
            total += _length(embed.get(name), f"{where}.{name}", limit)
        total += _length((embed.get("footer") or {}).get("text"), f"{where}.footer.text", 2048)
        total += _length((embed.get("author") or {}).get("name"), f"{where}.author.name", 256)
        total += _check_fields(embed.get("fields") or [], where)
    if total > EMBED_TOTAL:
        message = f"Embed size exceeds maximum size of {EMBED_TOTAL}"
        raise InvalidForm("embeds", "MAX_EMBED_SIZE_EXCEEDED", message)


def _check_fields(fields: list[Json], where: str) -> int:
    check_length(fields, f"{where}.fields", 0, 25)
    total = 0
    for place, field in enumerate(fields):
        for name, limit in (("name", 256), ("value", 1024)):
            path = f"{where}.fields.{place}.{name}"
            if not field.get(name):
                raise required(path)
            total += _length(field[name], path, limit)
    return total


def _length(text: str | None, where: str, limit: int) -> int:
    check_max_length(text, where, limit)
    return len(text or "")


def check_references(message: Json) -> None:
    """Raise InvalidForm for `attachment://name` without a file of that name."""
    names = {entry["filename"] for entry in message["attachments"]}
    for where in ("embeds", "components"):
        for url in _urls(message.get(where)):
            found = REFERENCE.match(url)
            if found and found[1] not in names:
                raise InvalidForm(
                    where,
                    "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND",
                    f"The referenced attachment '{found[1]}' was not found in the request.",
                )


def _urls(value: object) -> list[str]:
    if isinstance(value, dict):
        own = [value["url"]] if isinstance(value.get("url"), str) else []
        return own + [url for item in value.values() for url in _urls(item)]
    if isinstance(value, list):
        return [url for item in value for url in _urls(item)]
    return []
