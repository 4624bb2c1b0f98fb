"""/export sends a ZIP to the person alone; /privacy tells what is kept."""

from __future__ import annotations

import json
import zipfile
from io import BytesIO
from types import SimpleNamespace
from typing import Any, cast

import discord
import pytest

from bot.studio.privacy.exporting import ExportSummary, Send
from deploy.local.discord import Json
from deploy.local.discord.member.client import MemberClient
from storage.database.privacy.exports import EXPORTS_PER_DAY
from storage.domain.privacy.retention import RetentionRules
from tests.support.backend import until
from tests.support.discord.local_chat import LocalChat

EPHEMERAL = 1 << 6


async def archives(member: MemberClient) -> list[Json]:
    return [
        message
        for message in await member.messages()
        if any(one["filename"].endswith(".zip") for one in message["attachments"])
    ]


async def test_the_person_alone_gets_an_archive(chat: LocalChat, lin: MemberClient) -> None:
    await chat.order(prompt="waves, zoom in")
    await chat.deliver()
    outcome = await chat.ada.command("export")
    done = await chat.ada.wait_for_message(outcome["message"], lambda one: "📦" in one["content"])
    assert done["flags"] & EPHEMERAL
    lin.channel = chat.ada.channel
    assert await archives(lin) == []
    [message] = await archives(chat.ada)
    assert message["flags"] & EPHEMERAL
    data = await chat.ada.download(message["attachments"][0])
    with zipfile.ZipFile(BytesIO(data)) as archive:
        [order] = json.loads(archive.read("orders/00001.json"))
        files = [name for name in archive.namelist() if name.startswith("files/")]
    assert order["request"]["prompt"] == "waves, zoom in"
    assert sorted(name.rpartition(".")[2] for name in files) == ["mp4", "png"]


async def test_an_export_that_outlives_the_token_comes_directly(
    chat: LocalChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    await chat.order()
    await chat.deliver()
    monkeypatch.setattr(discord.Interaction, "is_expired", lambda _: True)
    await chat.ada.command("export")
    chat.ada.channel = chat.direct

    async def has_come() -> bool:
        return bool(await archives(chat.ada))

    await until(has_come)


async def test_an_export_that_cannot_be_sent_is_told_and_does_not_count(
    chat: LocalChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    exporting, limits = chat.backend.studio.privacy.exporting, []

    async def refused(owner: str, limit: int, send: Send) -> ExportSummary:
        limits.append(limit)
        response = SimpleNamespace(status=413, reason="Payload Too Large")
        raise discord.HTTPException(cast(Any, response), "too large")

    boosted = property(lambda _: 100 * 2**20, lambda *_: None)
    monkeypatch.setattr(discord.Interaction, "filesize_limit", boosted)
    with monkeypatch.context() as patched:
        patched.setattr(exporting, "export", refused)
        for _ in range(EXPORTS_PER_DAY + 1):
            outcome = await chat.ada.command("export")
            await chat.ada.wait_for_message(outcome["message"], lambda one: "⚠️" in one["content"])
    assert set(limits) == {discord.utils.DEFAULT_FILE_SIZE_LIMIT_BYTES}
    outcome = await chat.ada.command("export")
    await chat.ada.wait_for_message(outcome["message"], lambda one: "nothing" in one["content"])


async def test_privacy_is_told_with_the_operators_policy(chat: LocalChat) -> None:
    chat.client.privacy_policy_url = "https://example.org/privacy"
    outcome = await chat.ada.command("privacy")
    message = await chat.ada.message(outcome["message"])
    assert message["flags"] & EPHEMERAL
    [embed] = message["embeds"]
    assert [field["name"] for field in embed["fields"]] == [
        *("What I keep", "Where", "For how long", "What you can do", "Privacy policy"),
    ]
    assert embed["fields"][-1]["value"] == "https://example.org/privacy"


async def test_privacy_tells_for_how_long_orders_are_kept(chat: LocalChat) -> None:
    chat.backend.studio.privacy.retention.rules = RetentionRules(days=30)
    outcome = await chat.ada.command("privacy")
    [embed] = (await chat.ada.message(outcome["message"]))["embeds"]
    assert "30 days after it is finished" in embed["fields"][2]["value"]
