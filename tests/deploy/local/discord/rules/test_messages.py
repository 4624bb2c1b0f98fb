"""A message over one of Discord's limits is refused with the path of the error."""

from typing import Any

import pytest

from deploy.local.discord import Json
from deploy.local.discord.server import LocalDiscord
from deploy.local.discord.state.guild import STUDIO
from tests.support.discord.raw_bot import RawBot

MESSAGES = f"/channels/{STUDIO}/messages"


def button(custom_id: str) -> Json:
    return {"type": 2, "style": 1, "label": "Press", "custom_id": custom_id}


def row(*parts: Json) -> Json:
    return {"type": 1, "components": list(parts)}


def code_at(body: Json, path: str) -> str:
    """Return the code of the error at a path such as `embeds.0.title`."""
    found: Any = body["errors"]
    for part in path.split("."):
        found = found[part]
    return str(found["_errors"][0]["code"])


@pytest.mark.parametrize(
    ("body", "path", "code"),
    [
        ({"content": "x" * 2001}, "content", "BASE_TYPE_MAX_LENGTH"),
        ({"embeds": [{"title": "x" * 257}]}, "embeds.0.title", "BASE_TYPE_MAX_LENGTH"),
        (
            {"embeds": [{"description": "x" * 4000}, {"description": "x" * 2001}]},
            "embeds",
            "MAX_EMBED_SIZE_EXCEEDED",
        ),
        (
            {"content": "x", "components": [row(button("a"), button("a"))]},
            "components.0.components.1.custom_id",
            "COMPONENT_CUSTOM_ID_DUPLICATED",
        ),
        (
            {"content": "x", "components": [row(*(button(str(n)) for n in range(6)))]},
            "components.0.components",
            "BASE_TYPE_BAD_LENGTH",
        ),
        (
            {"content": "x", "components": [row({"type": 2, "style": 5, "label": "Go"})]},
            "components.0.components.0.url",
            "BASE_TYPE_REQUIRED",
        ),
        (
            {"content": "x", "flags": 1 << 15, "components": [{"type": 10, "content": "y"}]},
            "content",
            "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
        ),
        (
            {"flags": 1 << 15, "components": [{"type": 10, "content": "y" * 4001}]},
            "components",
            "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED",
        ),
        (
            {"embeds": [{"image": {"url": "attachment://none.png"}}]},
            "embeds",
            "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND",
        ),
    ],
)
async def test_a_message_over_a_limit_is_refused_with_the_path(
    server: LocalDiscord, body: Json, path: str, code: str
) -> None:
    async with RawBot(server) as bot:
        status, answer = await bot.request("POST", MESSAGES, body)
    assert (status, answer["code"]) == (400, 50035)
    assert code_at(answer, path) == code


async def test_an_empty_message_is_refused(server: LocalDiscord) -> None:
    async with RawBot(server) as bot:
        status, answer = await bot.request("POST", MESSAGES, {"content": "  "})
    assert (status, answer["code"]) == (400, 50006)
