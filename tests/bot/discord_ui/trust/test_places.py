"""Where and with what rights a person orders is read from what Discord sends."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.studio.orders.order_draft import OrderDraft, Requester
from deploy.local.discord.rules.permissions import Permission
from deploy.local.discord.state.guild import GALLERY, GUILD, LIN, STUDIO
from storage.domain.job import Job
from storage.domain.trust.place import Place
from tests.support.backend import Backend
from tests.support.discord.local_chat import LocalChat, open_local_chat


@pytest.fixture
def places(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> list[Place]:
    """Where each order was placed."""
    order, found = backend.studio.orders.place, []

    async def noting(requester: Requester, drafts: list[OrderDraft]) -> list[Job]:
        found.append(requester.place)
        return await order(requester, drafts)

    monkeypatch.setattr(backend.studio.orders, "place", noting)
    return found


async def add_role(chat: LocalChat, permissions: int) -> str:
    fields = {"name": "a role", "permissions": permissions}
    role = await chat.ada.call("POST", "/local/guilds/main/roles", fields)
    return str(role["id"])


async def test_an_order_says_in_which_channel_category_and_roles(
    backend: Backend, places: list[Place], tmp_path: Path
) -> None:
    async with open_local_chat(backend, tmp_path) as chat:
        path = "/local/guilds/main/categories"
        category = (await chat.ada.call("POST", path, {"name": "clips"}))["id"]
        await chat.change(f"channels/{STUDIO}", nsfw=True, parent_id=category)
        role = await add_role(chat, Permission.MANAGE_MESSAGES)
        await chat.change(f"members/{LIN}", roles=[role])
        chat.ada.user_id = LIN
        await chat.order()
        thread = await chat.open_thread()
        await chat.order()
        chat.ada.channel = GALLERY
        await chat.order()
        chat.ada.channel = chat.direct
        await chat.order()
        await chat.deliver(4)
        chat.ada.channel = STUDIO
        [clip] = await chat.clips()
        await chat.ada.react(clip["id"], "🔁")
        await chat.deliver(5)
    roles = (role,)
    there = Place(GUILD, STUDIO, (category,), roles, age_restricted=True, moderates=True)
    assert places == [
        there,
        Place(GUILD, thread, (STUDIO, category), roles, age_restricted=True, moderates=True),
        Place(GUILD, GALLERY, (), roles, moderates=True),
        Place(channel=chat.direct),
        there,
    ]


async def test_the_owner_of_a_server_manages_and_moderates_it(
    backend: Backend, places: list[Place], tmp_path: Path
) -> None:
    async with open_local_chat(backend, tmp_path) as chat:
        await chat.order()
    assert places == [Place(GUILD, STUDIO, moderates=True, manages=True)]
