"""A person at the chat page tells a story, extends it, chooses a draft and gives an end picture."""

from pathlib import Path

import pytest
from PIL import Image
from playwright.async_api import Locator, Page, expect

from tests.e2e.members import PHOTOGRAPH
from tests.support.discord.browser import needs_chromium, screenshot

NUMBERS = "frames: 8\nfps: 12\nsteps: 2"
SECONDS = "video => video.duration"

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(600),
    needs_chromium,
]


async def command(page: Page, name: str) -> Locator:
    """Type a command with the photograph attached; return its form."""
    await page.set_input_files("#pick", PHOTOGRAPH)
    box = page.get_by_role("combobox", name="Message #paula")
    await box.fill(f"/{name}")
    await box.press("Enter")
    return page.get_by_role("form", name=f"/{name}")


async def newest(page: Page, button: str) -> Locator:
    """Wait for a button under the newest clip; return its message."""
    has_it = page.get_by_role("button", name=button)
    # Found and read at once: another message may become the last at any time.
    key = await page.locator(".message").last.filter(has=has_it).get_attribute("data-message")
    return page.locator(f'[data-message="{key}"]')


async def test_a_story_is_told_and_goes_on(page: Page) -> None:
    form = await command(page, "story")
    await form.get_by_role("button", name="Send").click()
    modal = page.get_by_role("dialog")
    await modal.locator("textarea").first.fill("zoom in\npan left")
    await modal.get_by_label("Parameters").fill(NUMBERS)
    await screenshot(page, "story")
    await modal.get_by_role("button", name="Submit").click()
    told = await newest(page, "Extend")
    length = await told.locator("video").evaluate(SECONDS)
    assert length == pytest.approx(15 / 12, abs=0.05)

    await told.get_by_role("button", name="Extend").click()
    await modal.locator("textarea").first.fill("tilt up")
    await modal.get_by_label("Parameters").fill("frames: 8\nsteps: 2")
    await modal.get_by_role("button", name="Submit").click()
    await expect(page.locator(".message video")).to_have_count(2)
    longer = await newest(page, "Extend")
    assert await longer.locator("video").evaluate(SECONDS) > length + 0.5
    await screenshot(page, "extended")


async def test_a_draft_is_chosen_and_made_larger(page: Page) -> None:
    form = await command(page, "animate")
    for name, value in {"prompt": "steam rises", "frames": "8", "steps": "2"}.items():
        await form.locator(f'[name="{name}"]').fill(value)
    await form.locator('[name="candidates"]').fill("2")
    await form.get_by_role("button", name="Send").click()
    drafts = await newest(page, "2")
    await screenshot(page, "drafts")
    await drafts.get_by_role("button", name="2", exact=True).click()
    await expect(page.locator(".message video")).to_have_count(2)
    chosen = await newest(page, "Extend")
    width = "video => video.videoWidth"
    usual = await chosen.locator("video").evaluate(width)

    await chosen.get_by_role("combobox", name="Finish this clip").select_option("upscale_2")
    await expect(page.locator(".message video")).to_have_count(3)
    larger = await newest(page, "Extend")
    assert await larger.locator("video").evaluate(width) == 2 * usual
    await screenshot(page, "larger")


async def test_a_clip_arrives_at_the_second_picture(page: Page, tmp_path: Path) -> None:
    end = tmp_path / "end.png"
    Image.radial_gradient("L").convert("RGB").save(end)
    form = await command(page, "animate")
    for name, value in {"prompt": "zoom in", "frames": "8", "steps": "2"}.items():
        await form.locator(f'[name="{name}"]').fill(value)
    await form.locator('[name="end_picture"]').set_input_files(end)
    await form.get_by_role("button", name="Send").click()
    made = await newest(page, "Extend")
    corner = """video => new Promise(done => {
      video.pause();
      video.addEventListener("seeked", () => {
        const canvas = document.createElement("canvas");
        [canvas.width, canvas.height] = [3, 3];
        const context = canvas.getContext("2d");
        context.drawImage(video, 0, 0, 3, 3);
        done([...context.getImageData(1, 1, 1, 1).data]);
      });
      video.currentTime = video.duration - 0.01;
    })"""
    red, green, blue, _ = await made.locator("video").evaluate(corner)
    assert (
        max(red, green, blue) - min(red, green, blue) < 12
    )  # the grey picture, not the photograph
    await screenshot(page, "end")
