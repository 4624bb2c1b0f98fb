"""Files come from Discord's hosts alone; their bytes in memory are bounded, no order starves."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import aiohttp
import discord
import pytest
from aiohttp import web

from bot.discord_ui.gateway.traffic import DiscordTraffic
from bot.discord_ui.uploads import MAX_BYTES, UploadLimiter, download
from storage.domain.errors import BadPicture, Unavailable

MIB = 2**20


async def test_no_more_slots_are_held_than_there_are_and_every_order_gets_its_own() -> None:
    limiter, held, most = UploadLimiter(8 * MIB), 0, 0

    async def order(person: int, pictures: int) -> None:
        nonlocal held, most
        async with limiter.slots(str(person), [MIB - 1] * pictures):
            held += pictures
            most = max(most, held)
            await asyncio.sleep(0)
            held -= pictures

    async with asyncio.timeout(60):
        await asyncio.gather(*(order(number, 1 + number % 4) for number in range(100)))
    assert 4 < most <= 8


async def test_an_order_that_is_cancelled_while_it_waits_holds_no_slot() -> None:
    limiter = UploadLimiter(4 * MIB)
    async with limiter.slots("1", [3 * MIB]):
        waiting = asyncio.create_task(acquire(limiter, "2"))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    async with asyncio.timeout(60):
        await acquire(limiter, "1")


async def test_a_persons_second_order_waits_for_the_first_and_nobody_elses_does() -> None:
    limiter = UploadLimiter()
    async with asyncio.timeout(60), limiter.slots("1", [1]):
        second = asyncio.create_task(acquire(limiter, "1"))
        await acquire(limiter, "2")
        assert not second.done()
    async with asyncio.timeout(60):
        await second


async def acquire(limiter: UploadLimiter, person: str) -> None:
    async with limiter.slots(person, [4 * MIB]):
        pass


class Files:
    """Answers what discord.py asks for: bytes, or by an error."""

    def __init__(self, data: bytes = b"picture", error: Exception | None = None) -> None:
        self.data, self.error = data, error
        self.asked: list[str] = []

    async def get_from_cdn(self, url: str) -> bytes:
        self.asked.append(url)
        if self.error is not None:
            raise self.error
        return self.data

    def attachment(self, url: str, size: int = 7) -> discord.Attachment:
        data: Any = {"id": 1, "filename": "a.png", "size": size, "url": url, "proxy_url": url}
        return discord.Attachment(data=data, state=cast(Any, SimpleNamespace(http=self)))


@pytest.mark.parametrize(
    "url",
    [
        "https://cdn.discordapp.com/attachments/1/2/a.png?ex=1&is=2&hm=3",
        "https://media.discordapp.net/attachments/1/2/a.png",
        "https://images-ext-1.discordapp.net/external/x/https/example.org/cat.png",
        "http://127.0.0.1:8123/attachments/1/2/a.png",
    ],
)
async def test_a_file_is_fetched_from_discord_or_what_stands_in_for_it(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discord.http.Route, "BASE", "http://127.0.0.1:8123/api/v10")
    files = Files()
    assert await download(files.attachment(url)) == b"picture"
    assert files.asked == [url]


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/a.png",
        "https://cdn.discordapp.com.example.org/a.png",
        "https://cdn.discordapp.com@example.org/a.png",
        "https://cdn.discordapp.com:8443/a.png",
        "http://cdn.discordapp.com/a.png",
        "http://169.254.169.254/latest/meta-data",
        "http://127.0.0.1:6379/",
        "file:///etc/passwd",
        "https://[::1/a.png",
        "",
    ],
)
async def test_no_other_address_is_asked_for_anything(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discord.http.Route, "BASE", "http://127.0.0.1:8123/api/v10")
    files = Files()
    with pytest.raises(BadPicture, match="picture_elsewhere"):
        await download(files.attachment(url))
    assert files.asked == []


async def test_a_file_that_is_larger_than_was_said_is_refused() -> None:
    files = Files(bytes(MAX_BYTES + 1))
    with pytest.raises(BadPicture, match="picture_file_too_large"):
        await download(files.attachment("https://cdn.discordapp.com/a.png"))


async def test_an_answer_that_leads_elsewhere_is_not_followed() -> None:
    reached: list[str] = []

    async def lead(request: web.Request) -> web.StreamResponse:
        reached.append(request.path)
        raise web.HTTPFound("/secret")

    app = web.Application()
    app.router.add_get("/{path}", lead)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    traces = [DiscordTraffic().trace()]
    try:
        async with aiohttp.ClientSession(trace_configs=traces) as session:
            with pytest.raises(aiohttp.ClientError) as caught:
                await session.get(f"http://127.0.0.1:{runner.addresses[0][1]}/file")
    finally:
        await runner.cleanup()
    assert reached == ["/file"]
    files = Files(error=caught.value)
    with pytest.raises(Unavailable, match="unavailable_download"):
        await download(files.attachment("https://cdn.discordapp.com/a.png"))
