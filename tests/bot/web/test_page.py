"""People at the page, in Chromium: a clip, a refusal, a cancel, another try, two at once."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
from playwright.async_api import Browser, Locator, Page, Route, expect

from bot.web.access.logins import add_login
from tests.support.backend import open_backend, png, until
from tests.support.clip_files import small_webp
from tests.support.discord.browser import needs_chromium
from tests.support.web.person import Person, person_at
from tests.support.web.served_page import ServedPage, served_page

pytestmark = [pytest.mark.asyncio(loop_scope="session"), needs_chromium]

PHONE = {"viewport": {"width": 390, "height": 844}, "locale": "zh-CN", "color_scheme": "dark"}


async def test_a_newcomer_makes_a_clip_and_reloads_while_it_runs(
    served: ServedPage, browser: Browser
) -> None:
    worker = served.backend.worker
    worker.gate.clear()
    worker.preview = small_webp()
    async with person_at(browser, served.url) as ada:
        await ada.shot("web")
        await ada.give(png((200, 150)))
        await ada.write("a fox runs")
        advice = ada.page.locator("#mu-advice")
        await expect(advice).to_contain_text("moves the camera alone")
        await expect(advice).to_contain_text("The picture is small")
        await expect(advice).to_contain_text("credits")
        await ada.write("slow zoom in")
        await expect(advice).to_contain_text("Zoom in")
        await ada.make()
        card = ada.card("slow zoom in")
        await expect(card).to_contain_text("step 2 of 4")
        await expect(card.locator("progress")).to_have_js_property("value", 0.5)
        await expect(card.locator(".mu-preview")).to_be_visible()
        await ada.shot("web-progress")
        await ada.page.reload()
        await expect(card).to_contain_text("step 2 of 4")
        await expect(card.locator(".mu-preview")).to_be_visible()
        worker.gate.set()
        await expect(card.locator("video")).to_be_visible()
        await expect(card).to_contain_text("Made in 2 s")
        tile = ada.page.locator(".mu-tile", has_text="slow zoom in")
        await ada.shot("web-clip")
        await tile.click()
        dialog = ada.page.get_by_role("dialog")
        await expect(dialog.locator("dd", has_text="zoom_in")).to_be_visible()
        await ada.shot("web-details")
        assert await ada.faults() == []
        assert ada.outside == []


async def test_a_refusal_a_cancel_and_another_try(served: ServedPage, browser: Browser) -> None:
    worker = served.backend.worker
    worker.gate.clear()
    async with person_at(browser, served.url) as ada:
        await ada.write("slow zoom in")
        await ada.make()
        await expect(ada.refusal).to_contain_text("There is no picture yet")
        await ada.shot("web-refusal")
        await make_while_a_picture_is_sent(ada)
        card = await ada.order("slow zoom in")
        await card.get_by_role("button", name="Cancel").click()
        await expect(card).to_contain_text("Cancelled. Nothing was charged.")
        worker.gate.set()
        await card.get_by_role("button", name="Retry").click()
        await expect(ada.page.locator(".mu-card video")).to_have_count(1)
        await ada.card("slow zoom in").get_by_role("button", name="Tweak").click()
        await expect(ada.page.locator(".mu-figures")).to_contain_text("The picture of that clip")
        await ada.open_settings()
        steps = ada.page.locator("#option-steps input[type=number]")
        await expect(steps).to_have_value("4")
        await ada.page.get_by_role("button", name="Draw the camera's path").click()
        box = ada.page.get_by_role("button", name="Where the camera ends")
        await box.press("ArrowRight")
        await box.press("ArrowUp")
        path = ada.page.locator("#option-path textarea, #option-path input")
        await expect(path).to_have_value("1 right 0.02 up 0.02 zoom 1.5 ease_in_out")
        await ada.shot("web-settings")
        await drag(ada.page, box)
        await expect(path).to_have_value(re.compile(r"^1 left 0\.1\d* up 0\.02 zoom 1\.5 "))
        begin = ada.page.get_by_role("button", name="Where the camera begins")
        await drag(ada.page, begin.locator(".mu-handle"), 2.0)
        await expect(path).to_have_value(re.compile(r"^0 zoom 1\.\d+; 1 left 0\.1\d* up 0\.02 "))
        await path.fill("0 zoom 2; 1 right 0.1 zoom 1.5")
        words = ada.page.locator(".mu-words")
        await expect(words).to_have_text("0 zoom 2; 1 right 0.1 zoom 1.5")
        await drag(ada.page, begin)
        await expect(path).to_have_value(
            re.compile(r"^0 left 0\.\d+ zoom 2; 1 right 0\.1 zoom 1\.5$")
        )
        await ada.shot("web-path")
        await steps.fill("6")
        await ada.write("pan left")
        await ada.make()
        await expect(ada.card("pan left").locator("video")).to_be_visible()
        # Of the one that was cancelled the worker may have heard or not.
        await until(lambda: worker.orders[-1].request.prompt == "pan left")
        request = worker.orders[-1].request
        assert request.steps == 6
        begins, ends = request.camera.keyframes
        assert (begins.time, begins.pose.zoom) == (0.0, 2.0)
        assert (ends.time, ends.pose.dx, ends.pose.zoom) == (1.0, 0.1, 1.5)
        await ada.page.get_by_role("button", name="Remove this picture").click()
        await expect(path).to_have_value("")  # it was drawn on that picture
        assert await ada.faults() == []


async def make_while_a_picture_is_sent(person: Person) -> None:
    """Press the button while the service has not answered to a picture yet; then remove that."""
    sent = asyncio.Event()

    async def hold(route: Route) -> None:
        await sent.wait()
        await route.continue_()

    await person.page.route("**/mutoscope/pictures", hold)
    giving = asyncio.create_task(person.give(png()))
    await expect(person.page.locator("#mu-pictures")).to_contain_text("Reading the picture")
    await person.make()
    await expect(person.refusal).to_contain_text("still being read")
    sent.set()
    await giving
    await person.page.get_by_role("button", name="Remove this picture").click()


STILL = """box => new Promise(done => {
  let before = "";
  const look = () => {
    const place = JSON.stringify(box.getBoundingClientRect());
    const loaded = [...document.images].every(one => one.complete || one.loading === "lazy");
    if (loaded && place === before) return done();
    before = place;
    requestAnimationFrame(look);
  };
  look();
})"""
"""Waits until nothing moves the box any more: it is where it was a frame ago, beside all images."""


async def drag(page: Page, box: Locator, way: float = -0.2) -> None:
    """Drag a box to the right by so many of its own widths."""
    await box.scroll_into_view_if_needed()
    await box.evaluate(STILL)
    place = await box.bounding_box()
    assert place is not None
    x, y = place["x"] + place["width"] / 2, place["y"] + place["height"] / 2
    await page.mouse.move(x, y)
    await page.mouse.down()
    await page.mouse.move(x + way * place["width"], y, steps=4)
    await page.mouse.up()


async def test_two_persons_at_once_see_their_own_clips(
    tmp_path: Path, redis_url: str, mp4: bytes, browser: Browser
) -> None:
    logins = tmp_path / "logins"
    for name in ("ada", "bob"):
        add_login(logins, name, f"{name}'s word")
    async with (
        open_backend(tmp_path, redis_url, mp4) as backend,
        backend.running(),
        served_page(backend, "en", "zh-CN", WEB_LOGINS=str(logins)) as served,
        person_at(browser, served.url, ("ada", "ada's word")) as ada,
        person_at(browser, served.url, ("bob", "bob's word"), **PHONE) as bob,
    ):
        hers, his = await ada.order("zoom in"), await bob.order("向左摇")
        await expect(hers.locator("video")).to_be_visible()
        await expect(his.locator("video")).to_be_visible()
        await expect(his.get_by_role("button", name="重试")).to_be_visible()
        for person in (ada, bob):
            await expect(person.page.locator(".mu-card")).to_have_count(1)
            await expect(person.page.locator(".mu-tile")).to_have_count(1)
        width = "document.documentElement.scrollWidth"
        assert await bob.page.evaluate(width) == 390
        await bob.shot("web-phone")
        assert await bob.faults() == []
        source = await hers.locator("video").get_attribute("src")
        assert (await ada.page.request.get(f"{served.url}{source}")).status == 200
        assert (await bob.page.request.get(f"{served.url}{source}")).status == 404
        await be_forgotten(ada)
        for person, count in ((ada, 0), (bob, 1)):
            await expect(person.page.locator(".mu-card")).to_have_count(count)
            await expect(person.page.locator(".mu-tile")).to_have_count(count)


async def be_forgotten(person: Person) -> None:
    """Ask in the account's section to be forgotten, and read what comes of it."""
    await person.page.route("**/mutoscope/account", lambda route: route.abort())
    title = person.page.get_by_text("Your account")
    await title.click()
    account = person.page.locator(".mu-account-body")
    await expect(account.get_by_role("alert")).to_be_visible()
    await person.page.unroute("**/mutoscope/account")
    for _ in range(2):
        await title.click()
    await expect(account).to_contain_text("Left today")
    await account.get_by_text("Forget me").click()
    await expect(account).to_contain_text("pictures and clips: 1")
    assert await person.faults() == []
    await person.shot("web-account")
    await account.get_by_role("button", name="Delete everything").click()
    await expect(account).to_have_text("All that was kept of you is deleted.")


@pytest.mark.slow
async def test_a_story_is_told_and_a_clip_ends_with_a_picture_of_another(
    served: ServedPage, browser: Browser
) -> None:
    async with person_at(browser, served.url) as ada:
        first = await ada.order("zoom in", png((640, 480), "red"))
        await expect(first.locator("video")).to_be_visible()
        story = ada.page.get_by_role("checkbox", name="Tell a story")
        await story.check()
        advice = ada.page.locator("#mu-advice")
        await expect(advice).to_contain_text("needs 2 to 8 prompts")
        await ada.write("zoom out\npan left\ntilt up")
        await expect(advice).to_contain_text("3 parts, 7 s in all")
        await ada.page.locator(".mu-tile").first.click()
        await ada.page.get_by_role("button", name="End with its picture").click()
        end = ada.page.locator(".mu-end figure img")
        await expect(end).to_be_visible()
        await ada.shot("web-story")
        assert await ada.faults() == []
        await ada.page.get_by_role("button", name="Remove this picture").last.click()
        await expect(end).to_have_count(0)
        await ada.make()
        card = ada.card("zoom out → pan left → tilt up")
        await expect(card.locator("video")).to_be_visible()
        await card.get_by_role("button", name="Extend").click()
        await expect(ada.prompt).to_have_value("tilt up")
        await expect(story).not_to_be_checked()
        request = served.backend.worker.orders[-1].request
        assert [one.prompt for one in request.segments] == ["zoom out", "pan left", "tilt up"]
