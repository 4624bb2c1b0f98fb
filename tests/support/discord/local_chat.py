"""The whole bot at the local Discord, in this process, with a member who uses it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import discord
from discord.gateway import DiscordWebSocket

from bot.discord_ui.client import MutoscopeClient
from bot.discord_ui.frontend import open_client, open_delivery, open_removal, set_endpoints
from bot.i18n import Translations
from deploy.local.clip_messages import buttons_of, clip_of
from deploy.local.discord import Json
from deploy.local.discord.member.client import MemberClient
from deploy.local.discord.server import LocalDiscord
from deploy.local.discord.state.guild import BOT
from tests.support.backend import Backend, png, until
from tests.support.discord.api_conformance import read_wire_log


@dataclass
class LocalChat:
    """The bot, and the member Ada in the channel that her client names."""

    backend: Backend
    server: LocalDiscord
    ada: MemberClient
    client: MutoscopeClient
    wire: Path

    async def order(self, **options: Any) -> str:
        """Order a clip; return the id of its message once that says that it waits."""
        picture = await self.ada.upload("a.png", png())
        options = {"picture": picture, "prompt": "waves, zoom in"} | options
        outcome = await self.ada.command("animate", **options)
        assert outcome["kind"] == "deferred", outcome
        await self.ada.wait_for_message(outcome["message"], buttons_of)
        return str(outcome["message"])

    async def deliver(self, count: int = 1) -> None:
        """Make what was ordered, and wait until each outcome is delivered or waits in /clips.

        count is how many orders there are at least, with those that were delivered before.
        """

        async def is_over() -> bool:
            return await self.ordered() >= count and await self.backend.all_jobs_delivered()

        async with self.backend.running():
            await until(is_over)

    async def ordered(self) -> int:
        """Return how many orders there are."""
        return sum((await self.backend.studio.reports.of_everybody(1)).counts.values())

    async def posted(self, channel: str = "") -> list[Json]:
        """Return the bot's messages that Ada sees in a channel, hers if it is empty."""
        path = f"/local/channels/{channel or self.ada.channel}/messages"
        found = await self.ada.call("GET", path)
        return [message for message in found if message["author"]["id"] == BOT]

    async def clips(self, channel: str = "") -> list[Json]:
        """Return the bot's messages with a clip."""
        return [message for message in await self.posted(channel) if clip_of(message)]

    @property
    def direct(self) -> str:
        """The channel of the bot and Ada alone."""
        return str(self.server._state.guild.direct_channel(self.ada.user_id)["id"])

    async def waiting_in_clips(self) -> int:
        """Return how many outcomes wait until Ada fetches them."""
        return len(await self.backend.studio.deliveries.fetchable(self.ada.user_id))

    async def fetch_from_clips(self) -> Json:
        """Let Ada fetch the first outcome that /clips lists; return its message."""
        listed = await self.ada.command("clips")
        shown = await self.ada.wait_for_message(listed["message"], buttons_of)
        fetched = await self.ada.press(shown["id"], buttons_of(shown)["fetch"])
        return await self.ada.wait_for_message(fetched["message"], clip_of)

    async def change(self, what: str, **fields: object) -> Json:
        """Change something of the local Discord: `world`, `guilds/main`, `members/bot` ..."""
        changed: Json = await self.ada.call("PATCH", f"/local/{what}", fields)
        return changed

    async def forbid(self, permission: int, target: str = "bot") -> None:
        """Deny a permission to the bot, or to somebody else, in Ada's channel."""
        path = f"/local/channels/{self.ada.channel}/overwrites/{target}"
        await self.ada.call("PUT", path, {"deny": permission})

    async def open_thread(self) -> str:
        """Let Ada go into a new thread of her channel; return its id."""
        path = f"/local/channels/{self.ada.channel}/threads"
        thread = await self.ada.call("POST", path, {"name": "a post"})
        self.ada.channel = thread["id"]
        return str(thread["id"])

    def refusals(self) -> list[tuple[str, str, int]]:
        """Return the method, the kind of path and the code of each request that was refused."""
        return [
            (entry["method"], entry["path"].split("/")[1], (entry["answer"] or {}).get("code", 0))
            for entry in read_wire_log(self.wire)
            if entry["kind"] == "exchange" and entry["status"] >= 400
        ]


@contextlib.asynccontextmanager
async def open_local_chat(
    backend: Backend, folder: Path, ping_after: float = 60.0, *, hears_members: bool = False
) -> AsyncIterator[LocalChat]:
    """Start the bot at a local Discord of its own."""
    before = discord.http.Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    wire = folder / "wire.jsonl"
    async with (
        LocalDiscord(folder / "discord", wire_log=wire) as server,
        MemberClient(server.url) as ada,
    ):
        set_endpoints(server.api_url, server.gateway_url)
        if hears_members:
            await ada.call("PATCH", "/local/world", {"members_intent": True})
        async with open_client(
            backend.studio, Translations.load(), hears_members=hears_members
        ) as client:
            await client.login("local")
            await client.tree.sync()
            delivery = open_delivery(client, ping_after, clock=server.clock.now)
            tasks = [
                asyncio.create_task(client.connect()),
                asyncio.create_task(delivery.run()),
                asyncio.create_task(open_removal(client, server.clock.now).run()),
            ]
            try:
                await ada.wait_for_command("animate")
                await until(lambda: bool(client.guilds))
                yield LocalChat(backend, server, ada, client, wire)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                await client.close()
    discord.http.Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = before
