"""The page in a real browser, with a bot process of its own behind it."""

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from PIL import Image
from playwright.async_api import Locator, Page, async_playwright, expect

from deploy.local.discord.member.client import Member
from deploy.local.discord.server import LocalDiscord

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
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this machine")


@pytest_asyncio.fixture
async def bot_process(server: LocalDiscord, clip: Path) -> AsyncIterator[None]:
    environ = {
        **os.environ,
        "DISCORD_API_URL": server.api_url,
        "DISCORD_GATEWAY_URL": server.gateway_url,
        "DISCORD_TOKEN": "local",
        "CLIP": str(clip),
    }
    module = "tests.deploy.local.discord.small_bot"
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", module, env=environ)
    async with Member(server.url) as member:
        await asyncio.wait_for(member.wait_for_command("animate"), 20)
    yield
    process.terminate()
    await process.wait()


@pytest_asyncio.fixture
async def page(server: LocalDiscord, bot_process: None) -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        shown = await browser.new_page(viewport={"width": 1280, "height": 860})
        problems: list[str] = []
        shown.on("pageerror", lambda error: problems.append(str(error)))
        await shown.goto(server.url)
        yield shown
        await browser.close()
        assert not problems


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "boat.png"
    Image.radial_gradient("L").convert("RGB").save(path)
    return path


async def look(page: Page, name: str) -> None:
    """Keep a screenshot where a person asked for them."""
    folder = os.environ.get("SCREENSHOTS")
    if folder:
        await page.screenshot(path=Path(folder) / f"{name}.png")


async def order(page: Page, picture: Path) -> Locator:
    """Make a clip as a person does and give its message."""
    await page.set_input_files("#pick", picture)
    box = page.get_by_role("combobox", name="Message #studio")
    await box.fill("/ani")
    await look(page, "commands")
    await box.press("Enter")
    form = page.get_by_role("form", name="/animate")
    await form.get_by_label("prompt").fill("zoom in slowly")
    await form.get_by_label("frames").fill("8")
    await form.get_by_label("resolution").select_option("256p")
    await look(page, "form")
    await form.get_by_role("button", name="Send").click()
    return page.locator(".message", has_text="zoom in slowly")


WATCH = """window.seen = [];
new MutationObserver(() => seen.push(document.querySelector(".embed")?.innerText))
  .observe(document.querySelector("#messages"), { childList: true, subtree: true })"""


async def test_a_picture_becomes_a_clip_that_plays(page: Page, picture: Path) -> None:
    await page.evaluate(WATCH)
    message = await order(page, picture)
    video = message.locator("video")
    await expect(video).to_be_visible()
    seen = "\n".join(filter(None, await page.evaluate("seen")))
    assert all(f" {step} %" in seen for step in (0, 25, 50, 75, 100))
    moved = "video => new Promise(done => { const start = video.currentTime;"
    moved += (
        "video.addEventListener('timeupdate', () => video.currentTime > start && done(true)) })"
    )
    assert await video.evaluate(moved)
    assert await video.evaluate("video => video.loop && video.muted && video.controls")
    await expect(message).to_contain_text("@Ada")
    await look(page, "clip")


async def test_buttons_modal_and_reaction(page: Page, picture: Path) -> None:
    message = await order(page, picture)
    await message.get_by_role("button", name="Tweak").click()
    modal = page.get_by_role("dialog")
    await expect(modal.get_by_label("Prompt")).to_have_value("zoom in")
    await modal.get_by_label("Prompt").fill("pan left")
    await modal.get_by_label("Speed").select_option("slow")
    await look(page, "modal")
    await modal.get_by_role("button", name="Submit").click()
    await expect(page.locator("#messages")).to_contain_text("Tweaked to pan left at slow")
    await message.get_by_role("button", name="Retry").click()
    await expect(message).to_contain_text("Once more")
    whisper = page.locator(".message.ephemeral")
    await expect(whisper).to_contain_text("Only you can see this")
    await whisper.get_by_role("button", name="Dismiss").click()
    await expect(whisper).to_have_count(0)
    await message.hover()
    await message.get_by_role("button", name="React with 🔁").first.click()
    await expect(message.locator(".reaction.mine")).to_contain_text("1")
    await expect(page.locator(".message.pings").last).to_contain_text("@Ada again")
    await look(page, "reaction")
    await message.get_by_role("button", name="Delete").click()
    await expect(message).to_have_count(0)


async def test_another_member_reads_chinese_and_sees_the_same_channel(
    page: Page, picture: Path
) -> None:
    await order(page, picture)
    await page.get_by_label("Member").select_option(label="林小雨")
    await expect(page.locator("#messages")).to_contain_text("使用了")
    await page.get_by_role("combobox").first.wait_for()
    await page.locator(".box .text").fill("/")
    await expect(page.get_by_role("option", name="动起来")).to_be_visible()
    await look(page, "chinese")
    await page.get_by_label("语言").select_option("en-US")
    await expect(page.locator("#messages")).to_contain_text("used")


async def test_cards_and_message_commands(page: Page, picture: Path) -> None:
    box = page.get_by_role("combobox", name="Message #studio")
    await box.fill("/card")
    await box.press("Enter")
    await page.get_by_role("form", name="/card").get_by_role("button", name="Send").click()
    card = page.locator(".container")
    await expect(card.locator("video")).to_be_visible()
    await expect(card.get_by_role("button", name="Press")).to_be_visible()
    await page.set_input_files("#pick", picture)
    await box.fill("look at **this**")
    await box.press("Enter")
    mine = page.locator(".message", has_text="look at this").first
    await expect(mine.locator("img")).to_be_visible()
    await mine.hover()
    await mine.get_by_role("button", name="Animate this").click()
    await expect(page.locator("#messages")).to_contain_text("from ['boat.png']")
    await look(page, "card")


async def test_a_direct_message_is_headed_by_a_person_not_a_channel(page: Page) -> None:
    await page.locator(".channel.direct").click()
    await expect(page.locator("#messages h2")).to_have_text("This is the beginning of @Mutoscope.")
    await expect(page.get_by_role("combobox", name="Message @Mutoscope")).to_be_visible()
    await page.get_by_label("Language").select_option("zh-CN")
    await expect(page.locator("#messages h2")).to_have_text("这里是 @Mutoscope 的开端。")
