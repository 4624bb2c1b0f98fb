"""/settings in a real browser: its menus of channels and roles can be used there."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from deploy.local.discord.rules.permissions import Permission
from deploy.local.discord.state.guild import ADA, GALLERY, GUILD, LIN
from storage.domain.trust.policy import Ban, ServerPolicy
from tests.support.backend import open_backend
from tests.support.discord.browser import needs_chromium, open_page, screenshot
from tests.support.discord.local_chat import open_local_chat

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.slow,  # what the settings do is tested without a browser
    needs_chromium,
]


async def test_a_manager_sets_channels_and_an_allowance(
    tmp_path: Path, redis_url: str, mp4: bytes, browser: Browser
) -> None:
    async with (
        open_backend(tmp_path, redis_url, mp4) as backend,
        open_local_chat(backend, tmp_path) as chat,
        open_page(browser, chat.server.url) as page,
    ):
        fields = {"name": "Regulars", "permissions": int(Permission.VIEW_CHANNEL)}
        role = (await chat.ada.call("POST", "/local/guilds/main/roles", fields))["id"]
        banned = ServerPolicy(bans=(Ban(LIN, ADA, 1.7e9, "spam"),))
        await backend.studio.policies.change(GUILD, ADA, lambda _: banned, "ban", LIN)
        box = page.get_by_role("combobox", name="Message #studio")
        await box.fill("/settings")
        await box.press("Enter")
        form = page.get_by_role("form", name="/settings")
        await form.get_by_role("button", name="Send").click()
        await expect(page.locator(".embed")).to_contain_text("Banned people: 1")
        await screenshot(page, "settings-overview")

        async def go(label: str) -> None:
            await page.get_by_label("Go to …").select_option(label=label)
            await expect(page.locator(".embed .title")).to_contain_text(label.partition(" ")[2])

        await go("📍 Channels and roles")
        channels = page.get_by_label("Channels in which clips are ordered (none: everywhere)")
        await channels.select_option(label="#gallery")
        await expect(page.locator(".embed")).to_contain_text("Channels: #gallery")
        await screenshot(page, "settings-places")
        await go("🎟️ Allowances")
        await page.get_by_label("Choose a role …").select_option(label="@Regulars")
        await page.get_by_label("What is limited for @Regulars?").select_option("credits_per_day")
        await page.get_by_label("Credits a day", exact=True).select_option("100")
        await expect(page.locator(".embed")).to_contain_text("@Regulars: Credits a day 100")
        await screenshot(page, "settings-allowances")
        await go("🚫 Bans")
        await expect(page.locator(".embed")).to_contain_text("spam")
        await screenshot(page, "settings-bans")
        await go("📜 Log")
        await expect(page.locator(".embed")).to_contain_text("banned @林小雨")
        await screenshot(page, "settings-log")
        policy = await backend.studio.policies.of(GUILD)
    assert policy.channels == (GALLERY,)
    assert [(one.role, one.credits_per_day) for one in policy.allowances] == [(role, 100)]
