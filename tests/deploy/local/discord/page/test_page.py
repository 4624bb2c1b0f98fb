"""The chat page in a real browser, with a real discord.py bot behind it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from PIL import Image
from playwright.async_api import Browser, Locator, Page, Route, expect

from deploy.local.discord.member.client import MemberClient
from deploy.local.discord.server import LocalDiscord
from deploy.local.discord.state.guild import STUDIO
from tests.support.discord.browser import needs_chromium, open_page, screenshot
from tests.support.discord.sample_bot import running_bot

pytestmark = [pytest.mark.asyncio(loop_scope="session"), needs_chromium]


@pytest_asyncio.fixture(loop_scope="session")
async def page(tmp_path: Path, clip: Path, browser: Browser) -> AsyncIterator[Page]:
    async with LocalDiscord(tmp_path) as server, running_bot(server, clip, pause=0.25):
        async with MemberClient(server.url) as member:
            await member.wait_for_command("animate")
        async with open_page(browser, server.url) as opened:
            yield opened


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "boat.png"
    Image.radial_gradient("L").convert("RGB").save(path)
    return path


async def order(page: Page, picture: Path) -> Locator:
    """Order a clip as a person does; return its message."""
    await page.set_input_files("#pick", picture)
    box = page.get_by_role("combobox", name="Message #studio")
    await box.fill("/ani")
    await screenshot(page, "commands")
    await box.press("Enter")
    form = page.get_by_role("form", name="/animate")
    await form.get_by_label("prompt").fill("zoom in slowly")
    await form.get_by_label("frames").fill("8")
    await form.get_by_label("resolution").select_option("256p")
    await screenshot(page, "form")
    await form.get_by_role("button", name="Send").click()
    return page.locator(".message", has_text="zoom in slowly")


async def test_nothing_is_typed_before_the_commands_are_there(
    tmp_path: Path, clip: Path, browser: Browser
) -> None:
    asked, answer = asyncio.Event(), asyncio.Event()

    async def hold(route: Route) -> None:
        asked.set()
        await answer.wait()
        await route.continue_()

    async with LocalDiscord(tmp_path) as server, running_bot(server, clip):
        async with MemberClient(server.url) as member:
            await member.wait_for_command("animate")
        async with open_page(browser, "about:blank") as page:
            await page.route("**/local/commands*", hold)
            await page.goto(server.url)
            await asked.wait()
            await expect(page.locator(".composer-box")).to_have_count(0)
            answer.set()
            await page.get_by_role("combobox", name="Message #studio").fill("/ani")
            await page.keyboard.press("Enter")
            await expect(page.get_by_role("form", name="/animate")).to_be_visible()


RECORD_EMBEDS = """window.seen = [];
new MutationObserver(() => seen.push(document.querySelector(".embed")?.innerText))
  .observe(document.querySelector("#messages"), { childList: true, subtree: true })"""
PLAYS = """video => new Promise(done => {
  const start = video.currentTime;
  video.addEventListener("timeupdate", () => video.currentTime > start && done(true));
})"""


async def test_a_picture_becomes_a_clip_that_plays(page: Page, picture: Path) -> None:
    await page.evaluate(RECORD_EMBEDS)
    message = await order(page, picture)
    video = message.locator("video")
    await expect(video).to_be_visible()
    seen = "\n".join(filter(None, await page.evaluate("seen")))
    assert all(f" {step} %" in seen for step in (0, 25, 50, 75, 100))
    assert await video.evaluate(PLAYS)
    assert await video.evaluate("video => video.loop && video.muted && video.controls")
    await expect(message).to_contain_text("@Ada")
    await screenshot(page, "clip")


async def test_buttons_modal_and_reaction(page: Page, picture: Path) -> None:
    message = await order(page, picture)
    await message.get_by_role("button", name="Tweak").click()
    modal = page.get_by_role("dialog")
    await expect(modal.get_by_label("Prompt")).to_have_value("zoom in")
    await modal.get_by_label("Prompt").fill("pan left")
    await modal.get_by_label("Speed").select_option("slow")
    await screenshot(page, "modal")
    await modal.get_by_role("button", name="Submit").click()
    await expect(page.locator("#messages")).to_contain_text("Tweaked to pan left at slow")
    await message.get_by_role("button", name="Retry").click()
    await expect(message).to_contain_text("Once more")
    ephemeral = page.locator(".message.ephemeral")
    await expect(ephemeral).to_contain_text("Only you can see this")
    await ephemeral.get_by_role("button", name="Dismiss").click()
    await expect(ephemeral).to_have_count(0)
    await message.hover()
    await message.get_by_role("button", name="React with 🔁").first.click()
    await expect(message.locator(".reaction.own")).to_contain_text("1")
    await expect(page.locator(".message.mentions-me").last).to_contain_text("@Ada again")
    await screenshot(page, "reaction")
    await message.get_by_role("button", name="Delete").click()
    await expect(message).to_have_count(0)


async def test_another_member_reads_chinese_and_sees_the_same_channel(
    page: Page, picture: Path
) -> None:
    await order(page, picture)
    await page.get_by_label("Member").select_option(label="林小雨")
    await expect(page.locator("#messages")).to_contain_text("使用了")
    await page.get_by_role("combobox").first.wait_for()
    await page.locator(".composer-box .text").fill("/")
    await expect(page.get_by_role("option", name="动起来")).to_be_visible()
    await screenshot(page, "chinese")
    await page.get_by_label("语言").select_option("en-US")
    await expect(page.locator("#messages")).to_contain_text("used")


async def test_layout_components_and_message_commands(page: Page, picture: Path) -> None:
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
    posted = page.locator(".message", has_text="look at this").first
    await expect(posted.locator("img")).to_be_visible()
    await posted.hover()
    await posted.get_by_role("button", name="Animate this").click()
    await expect(page.locator("#messages")).to_contain_text("from ['boat.png']")
    await screenshot(page, "card")


async def test_a_direct_message_is_headed_by_a_person_not_a_channel(page: Page) -> None:
    await page.locator(".channel.direct").click()
    await expect(page.locator("#messages h2")).to_have_text("This is the beginning of @Mutoscope.")
    await expect(page.get_by_role("combobox", name="Message @Mutoscope")).to_be_visible()
    await page.get_by_label("Language").select_option("zh-CN")
    await expect(page.locator("#messages h2")).to_have_text("这里是 @Mutoscope 的开端。")


async def test_spoilers_are_covered_and_forwards_and_threads_shown(
    page: Page, picture: Path
) -> None:
    url, data = page.url.partition("/?")[0], await asyncio.to_thread(picture.read_bytes)
    async with MemberClient(url) as member:
        thread = await member.call("POST", f"/local/channels/{STUDIO}/threads", {"name": "post"})
        upload = await member.upload("SPOILER_boat.png", data)
        posted = await member.post("do not look", upload)
        await member.post("", forward=posted["id"])
        await member.post("https://example.org/boat.png", preview=upload)
    message = page.locator(".message", has_text="do not look").first
    cover = message.locator(".spoiler")
    await expect(cover.locator("img")).to_have_js_property("naturalWidth", 256)
    await screenshot(page, "spoiler")
    await cover.click()
    await expect(message.locator(".spoiler")).to_have_count(0)
    await expect(page.locator(".message", has_text="Forwarded").locator("img")).to_be_visible()
    await expect(page.locator(".embed img")).to_have_js_property("naturalWidth", 256)
    await page.get_by_role("button", name=thread["name"]).click()
    await expect(page.locator("#messages h2")).to_have_text("This is the beginning of #post.")
    await screenshot(page, "thread")
