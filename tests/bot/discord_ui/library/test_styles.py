"""/styles keeps what a person sends; /animate completes it, and the card says it."""

from __future__ import annotations

import discord
import pytest

from bot.discord_ui.library import styles as library_styles
from deploy.local.discord.member.client import MemberClient
from storage.domain.errors import BadPicture
from tests.storage.styles.test_adapter_file import file_of
from tests.support.backend import png, until
from tests.support.discord.local_chat import LocalChat


async def styles(member: MemberClient, **options: object) -> str:
    """Use /styles; return the answer."""
    outcome = await member.command("styles", **options)
    if outcome["kind"] == "deferred":
        shown = await member.wait_for_message(outcome["message"], lambda one: one["content"])
        return str(shown["content"])
    return str((await member.message(outcome["message"]))["content"])


async def names(member: MemberClient, text: str = "") -> list[str]:
    return [choice["value"] for choice in await member.complete("animate", "style", text)]


async def is_told(member: MemberClient, text: str) -> bool:
    return any(text in message["content"] for message in await member.messages())


async def test_a_persons_style_is_kept_completed_and_shown_on_the_card(
    chat: LocalChat, lin: MemberClient
) -> None:
    assert "no style here" in await styles(chat.ada)
    file = await chat.ada.upload("Oil Paint.safetensors", file_of())
    assert "Styles you can use: oil\\_paint" in await styles(chat.ada, file=file)
    assert await names(chat.ada) == ["oil_paint"]
    assert await names(chat.ada, "PAINT 0.7") == ["oil_paint 0.7"]
    assert await names(chat.ada, "ink") == []
    assert await names(lin) == []
    await chat.order(style="oil_paint 0.7")
    [job] = await chat.backend.jobs.pending.all()
    assert job.request.style is not None
    assert (job.request.style.text, len(job.request.style.file)) == ("oil_paint 0.7", 64)
    await chat.deliver()
    choices = await chat.ada.complete("styles", "delete")
    assert [choice["value"] for choice in choices] == ["oil_paint"]
    assert "oil\\_paint" in await styles(chat.ada, delete="oil_paint")
    assert await names(chat.ada) == []


async def test_a_style_that_cannot_be_fetched_any_more_is_named(
    chat: LocalChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gone(_file: discord.Attachment) -> bytes:
        raise BadPicture("picture_gone")

    monkeypatch.setattr(library_styles, "download", gone)
    file = await chat.ada.upload("oil.safetensors", file_of())
    await chat.ada.command("styles", file=file)
    await until(lambda: is_told(chat.ada, "That style's file is not there any more"))


async def test_a_pickle_and_an_unknown_style_are_refused_and_cost_nothing(
    chat: LocalChat,
) -> None:
    file = await chat.ada.upload("evil.safetensors", b"\x80\x04\x95.")
    await chat.ada.command("styles", file=file)
    await until(lambda: is_told(chat.ada, "could run code"))
    picture = await chat.ada.upload("a.png", png())
    await chat.ada.command("animate", picture=picture, prompt="zoom in", style="ink")
    await until(lambda: is_told(chat.ada, "no style “ink”"))
    assert await chat.ordered() == 0
