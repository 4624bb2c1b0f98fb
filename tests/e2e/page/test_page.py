"""A person at the chat page: orders, watches, presses, fills the form, reacts."""

import pytest
from playwright.async_api import Locator, Page, expect

from tests.e2e.members import LONG, PHOTOGRAPH
from tests.support.discord.browser import needs_chromium, screenshot

PROMPT = "slowly zoom in on the face"

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(600),
    needs_chromium,
]


async def order(page: Page, prompt: str, **numbers: str) -> Locator:
    """Order a clip as a person does; return its message, the newest of this prompt."""
    await page.set_input_files("#pick", PHOTOGRAPH)
    box = page.get_by_role("combobox", name="Message #paula")
    await box.fill("/animate")
    await box.press("Enter")
    form = page.get_by_role("form", name="/animate")
    for name, value in {"prompt": prompt, **numbers}.items():
        await form.locator(f'[name="{name}"]').fill(value)
    await screenshot(page, "form")
    await form.get_by_role("button", name="Send").click()
    await expect(page.locator(".message", has_text=prompt).last).to_be_visible()
    key = await page.locator(".message", has_text=prompt).last.get_attribute("data-message")
    return page.locator(f'[data-message="{key}"]')


async def test_a_person_animates_a_picture_and_uses_its_buttons(page: Page) -> None:
    message = await order(page, PROMPT, frames="8", steps="4")
    video = message.locator("video")
    await expect(video).to_be_visible()
    await expect(message.get_by_role("button", name="Cancel")).to_have_count(0)
    await video.evaluate(
        "video => new Promise(done => video.addEventListener('timeupdate',"
        " () => video.currentTime > 0.1 && done(true)))"
    )
    await screenshot(page, "clip")

    await message.get_by_role("button", name="Tweak").click()
    modal = page.get_by_role("dialog")
    await expect(modal.get_by_label("Prompt", exact=True)).to_have_value(PROMPT)
    await modal.get_by_label("Prompt", exact=True).fill("pan left over the stars")
    await screenshot(page, "modal")
    await modal.get_by_role("button", name="Submit").click()
    tweaked = page.locator(".message", has_text="pan left over the stars")
    await expect(tweaked.locator("video")).to_be_visible()

    await message.get_by_role("combobox", name="Finish this clip").select_option("reverse")
    turned = page.locator(".message", has_text="reversed")
    await expect(turned.locator("video")).to_be_visible()
    await screenshot(page, "reversed")

    await message.hover()
    await message.get_by_role("button", name="React with 🔁").first.click()
    await expect(message.locator(".reaction.own")).to_contain_text("1")
    retried = page.locator(".message", has_text=PROMPT)
    await expect(retried.last.locator("video")).to_be_visible()
    await screenshot(page, "retried")
    await message.get_by_role("button", name="Delete").click()
    await expect(message).to_have_count(0)


async def test_a_person_sees_a_preview_and_cancels(page: Page) -> None:
    message = await order(page, "tilt up very slowly", steps=str(LONG["steps"]))
    preview = message.locator(".media img")
    await expect(preview).to_be_visible()
    await expect(message).to_contain_text("%")
    natural_width = "image => image.decode().then(() => image.naturalWidth)"
    assert await preview.evaluate(natural_width) == 96
    await screenshot(page, "preview")
    await message.get_by_role("button", name="Cancel").click()
    await expect(message).to_contain_text("Cancelled. Nothing was charged.")
    await expect(preview).to_have_count(0)
