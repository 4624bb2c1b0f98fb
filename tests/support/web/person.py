"""A person at the page: what is seen, and what is pressed."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import axe_playwright_python
from playwright.async_api import Browser, Locator, Page, expect

from tests.support.backend import png
from tests.support.discord.browser import screenshot

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")
FAULTS = ("serious", "critical")
PATIENCE_MS = 30_000
POLICY = "Content Security Policy"


@dataclass(frozen=True, slots=True)
class Person:
    """One browser with the page open; outside holds what was asked of other machines."""

    page: Page
    outside: list[str]

    async def give(self, *pictures: bytes) -> None:
        """Choose picture files."""
        files: list[Any] = [
            {"name": f"{number}.png", "mimeType": "image/png", "buffer": data}
            for number, data in enumerate(pictures)
        ]
        before = await self.page.locator(".mu-figures img").count()
        await self.page.locator("#mu-pictures input[type=file]").first.set_input_files(files)
        figures = self.page.locator(".mu-figures img")
        await expect(figures).to_have_count(before + len(pictures))

    async def write(self, prompt: str) -> None:
        """Write the prompt."""
        await self.prompt.fill(prompt)

    async def order(self, prompt: str, picture: bytes = b"") -> Locator:
        """Order a clip of a picture; return its card."""
        await self.give(picture or png())
        await self.write(prompt)
        await self.make()
        return self.card(prompt)

    async def make(self) -> None:
        """Press the one button."""
        await self.page.locator("#mu-make").click()

    @property
    def prompt(self) -> Locator:
        """Return the input of the prompt."""
        return self.page.locator("#mu-prompt textarea")

    @property
    def refusal(self) -> Locator:
        """Return what says why something was not done."""
        return self.page.locator("#mu-notice [role=alert]")

    def card(self, prompt: str) -> Locator:
        """Return the newest card of a prompt."""
        return self.page.locator(".mu-card", has_text=prompt).first

    async def open_settings(self) -> None:
        """Unfold everything else."""
        await self.page.locator("#mu-settings > button").click()

    async def faults(self) -> list[str]:
        """Return what axe finds that keeps somebody out."""
        await self.page.evaluate(AXE.read_text("utf-8"))
        found = await self.page.evaluate("axe.run()")
        return [
            f"{one['id']}: {[node['target'] for node in one['nodes']][:3]}"
            for one in found["violations"]
            if one["impact"] in FAULTS
        ]

    async def shot(self, name: str) -> None:
        """Save a screenshot where the variable SCREENSHOTS names a folder."""
        await screenshot(self.page, name)


@contextlib.asynccontextmanager
async def person_at(
    browser: Browser, url: str, login: tuple[str, str] | None = None, **facts: Any
) -> AsyncIterator[Person]:
    """Open the page in a browser of its own; its scripts must raise no error, nor its policy one.

    facts are those of the browser's context: viewport, locale, color_scheme.
    """
    usual: dict[str, Any] = {"viewport": {"width": 1280, "height": 900}}
    context = await browser.new_context(**{**usual, **facts})
    context.set_default_timeout(PATIENCE_MS)
    page, errors, outside = await context.new_page(), list[str](), list[str]()
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if POLICY in said.text else None)
    page.on(
        "request",
        lambda one: (
            outside.append(one.url) if not one.url.startswith((url, "data:", "blob:")) else None
        ),
    )
    expect.set_options(timeout=PATIENCE_MS)
    try:
        await page.goto(url)
        if login is not None:
            name, password = login
            await page.locator("[name=username]").fill(name)
            await page.locator("[name=password]").fill(password)
            await page.locator("button[type=submit]").click()
        await expect(page.locator(".mu-history")).not_to_be_empty()
        yield Person(page, outside)
        await page.goto("about:blank")
    finally:
        await context.close()
        expect.set_options(timeout=None)
    assert not errors, errors
