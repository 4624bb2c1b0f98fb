"""A person at the chat page reads their own and their server's usage, also on a phone."""

from __future__ import annotations

import random
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, ViewportSize, expect

from deploy.local.discord.member.client import MemberClient
from deploy.local.discord.state.guild import ADA, GUILD, LIN, STUDIO
from storage.domain.catalogue import QuotaRow
from storage.domain.clip import Failure
from storage.domain.job import ReplyTarget, Status
from storage.domain.quota import DAY
from tests.support.backend import Backend, open_backend
from tests.support.discord.browser import needs_chromium, open_page, screenshot
from tests.support.discord.local_chat import LocalChat, open_local_chat
from tests.support.examples import CLIP, job

PHONE = ViewportSize(width=390, height=844)
REASONS = ("failed_out_of_memory", "failed_worker_died", "failed_content")

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(120),
    pytest.mark.slow,  # what the reports say is tested without a browser
    needs_chromium,
]


async def fill(backend: Backend, people: list[str]) -> None:
    """Let people order for a month, some days more than others; nobody delivers it."""
    chance, now = random.Random(4), time.time()
    for number in range(160):
        name, ago = f"j{number}", 29 * DAY * chance.random() ** 1.5
        created = now - ago
        new = job(name, chance.choice(people), created, cost=chance.choice((12, 30, 61)))
        new = replace(new, reply_to=ReplyTarget("nowhere", GUILD))
        if number % 7 == 0:
            done = replace(new, status=Status.DONE, clip=CLIP, cached=True, cost=0, ended=created)
            await backend.jobs.add(done)
            continue
        await backend.jobs.add(new)
        if number % 11 == 0:
            await backend.jobs.cancel(name, None, created)
            continue
        started = created + chance.expovariate(1 / 20)
        await backend.jobs.dispatched(name, 1, started)
        await backend.jobs.started(name, 1, started)
        failed = Failure(chance.choice(REASONS))
        clip = replace(CLIP, seconds=chance.uniform(10.0, 80.0))
        await backend.jobs.finish(name, failed if number % 9 == 0 else clip, started + 60.0)


@pytest_asyncio.fixture(loop_scope="session")
async def chat(tmp_path: Path, redis_url: str) -> AsyncIterator[LocalChat]:
    quota = QuotaRow(credits_per_day=10**6, unfinished_jobs=10**6, credits_per_month=10**7)
    async with (
        open_backend(tmp_path, redis_url, b"", quota) as backend,
        open_local_chat(backend, tmp_path) as opened,
    ):
        joined = [
            await opened.ada.call("POST", "/local/members", {"name": name, "locale": "en-US"})
            for name in ("Grace", "Alan")
        ]
        await fill(backend, [ADA, ADA, LIN, *(one["user"]["id"] for one in joined)])
        yield opened


async def answer(page: Page, member: MemberClient, name: str, **options: object) -> Locator:
    """Use a command as a member; return the message that answers it, with its picture."""
    outcome = await member.command(name, **options)
    message = page.locator(f'[data-message="{outcome["message"]}"]')
    picture = message.locator("img[src*='usage.png']")
    await expect(picture).to_be_visible()
    await picture.evaluate("image => image.decode()")
    await message.scroll_into_view_if_needed()
    return message


async def test_usage_is_seen_as_a_picture_and_in_numbers(chat: LocalChat, browser: Browser) -> None:
    chat.backend.studio._operators = frozenset({ADA})
    url = f"{chat.server.url}?member={ADA}&channel={STUDIO}"
    async with open_page(browser, url) as page:
        await page.set_viewport_size({"width": 1280, "height": 1500})
        quota = await answer(page, chat.ada, "quota")
        await expect(quota).to_contain_text("saved by the cache")
        await screenshot(page, "quota")
        report = await answer(page, chat.ada, "report", days=30)
        await expect(report).to_contain_text("Why clips failed")
        await expect(report.locator("a", has_text="usage-30-days.csv")).to_be_visible()
        await screenshot(page, "report")
        await answer(page, chat.ada, "report", days=90, service=True)
        await screenshot(page, "report-service")
        await page.set_viewport_size(PHONE)
        for message, name in ((quota, "quota-phone"), (report, "report-phone")):
            picture = message.locator("img[src*='usage.png']")
            await picture.scroll_into_view_if_needed()
            box = await picture.bounding_box()
            assert box is not None
            assert 0 <= box["x"] <= box["x"] + box["width"] <= PHONE["width"]
            await screenshot(page, name)
