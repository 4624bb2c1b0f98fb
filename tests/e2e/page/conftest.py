"""The chat page of a new member, in a thread that nobody else posts in."""

from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from deploy.local.discord.state.guild import GALLERY
from deploy.local.stack.local_stack import LocalStack
from tests.e2e.members import PATIENCE, NewMembers
from tests.support.discord.browser import open_page

CLIP_MS = PATIENCE * 1000


@pytest_asyncio.fixture(loop_scope="session")
async def page(
    local_stack: LocalStack, members: NewMembers, browser: Browser
) -> AsyncIterator[Page]:
    """Open the page in a thread of its own: one with many videos is slow on a busy machine."""
    member = await members.join("Paula")
    thread = await member.call("POST", f"/local/channels/{GALLERY}/threads", {"name": "paula"})
    url = f"{local_stack.page}?member={member.user_id}&channel={thread['id']}"
    expect.set_options(timeout=CLIP_MS)
    async with open_page(browser, url, CLIP_MS) as opened:
        yield opened
    expect.set_options(timeout=None)
