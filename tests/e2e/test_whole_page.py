"""A person at the page: order, watch, press, fill the form, react; the whole service behind it."""

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, async_playwright, expect

from deploy.local.discord.state.guild import GALLERY
from deploy.local.stack.local_stack import Household
from tests.e2e.guests import PATIENCE, PHOTOGRAPH, Guests

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PROMPT = "slowly zoom in on the face"
CLIP_MS = PATIENCE * 1000

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(600),
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this machine"),
]


@pytest_asyncio.fixture(loop_scope="session")
async def page(household: Household, guests: Guests) -> AsyncIterator[Page]:
    """The chat in a browser, in the name of somebody new."""
    guest = await guests.join("Paula")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        shown = await browser.new_page(viewport={"width": 1280, "height": 860})
        shown.set_default_timeout(CLIP_MS)
        expect.set_options(timeout=CLIP_MS)
        problems: list[str] = []
        shown.on("pageerror", lambda error: problems.append(str(error)))
        # A channel of its own: a page full of other people's films is slow on a busy machine.
        await shown.goto(f"{household.page}?member={guest.person}&channel={GALLERY}")
        yield shown
        await browser.close()
        assert not problems


async def look(page: Page, name: str) -> None:
    """Keep a screenshot where a person asked for them."""
    folder = os.environ.get("SCREENSHOTS")
    if folder:
        await page.screenshot(path=Path(folder) / f"{name}.png")


async def order(page: Page, prompt: str, **numbers: str) -> Locator:
    """Order a clip as a person does; return its message, the newest of this prompt."""
    await page.set_input_files("#pick", PHOTOGRAPH)
    box = page.get_by_role("combobox", name="Message #gallery")
    await box.fill("/animate")
    await box.press("Enter")
    form = page.get_by_role("form", name="/animate")
    for name, value in {"prompt": prompt, **numbers}.items():
        await form.locator(f'[name="{name}"]').fill(value)
    await look(page, "form")
    await form.get_by_role("button", name="Send").click()
    await expect(page.locator(".message", has_text=prompt).last).to_be_visible()
    key = await page.locator(".message", has_text=prompt).last.get_attribute("data-message")
    return page.locator(f'[data-message="{key}"]')


async def test_a_person_animates_a_picture_and_plays_with_it(page: Page) -> None:
    message = await order(page, PROMPT, frames="8", steps="4")
    await expect(message.get_by_role("button", name="Cancel")).to_be_visible()
    await expect(message).to_contain_text("%")
    await look(page, "progress")
    video = message.locator("video")
    await expect(video).to_be_visible()
    await expect(message.get_by_role("button", name="Cancel")).to_have_count(0)
    await video.evaluate(
        "video => new Promise(done => video.addEventListener('timeupdate',"
        " () => video.currentTime > 0.1 && done(true)))"
    )
    await look(page, "clip")

    await message.get_by_role("button", name="Tweak").click()
    modal = page.get_by_role("dialog")
    await expect(modal.get_by_label("Prompt", exact=True)).to_have_value(PROMPT)
    await modal.get_by_label("Prompt", exact=True).fill("pan left over the stars")
    await look(page, "modal")
    await modal.get_by_role("button", name="Submit").click()
    tweaked = page.locator(".message", has_text="pan left over the stars")
    await expect(tweaked.locator("video")).to_be_visible()

    await message.hover()
    await message.get_by_role("button", name="React with 🔁").first.click()
    await expect(message.locator(".reaction.mine")).to_contain_text("1")
    retried = page.locator(".message", has_text=PROMPT)
    await expect(retried.last.locator("video")).to_be_visible()
    await look(page, "retried")
    await message.get_by_role("button", name="Delete").click()
    await expect(message).to_have_count(0)


async def test_a_person_sees_a_preview_and_cancels(page: Page) -> None:
    message = await order(page, "tilt up very slowly", steps="50")
    preview = message.locator(".embed .image")
    await expect(preview).to_be_visible()
    wide = "image => image.decode().then(() => image.naturalWidth)"
    assert await preview.evaluate(wide) == 96
    await look(page, "preview")
    await message.get_by_role("button", name="Cancel").click()
    await expect(message).to_contain_text("Cancelled. Nothing was charged.")
    await expect(preview).to_have_count(0)
