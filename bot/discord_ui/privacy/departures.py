"""Hears from Discord who and what is gone, and has their data deleted after a grace time."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Collection
from functools import partial
from typing import TypeAlias

import aiohttp
import discord

from bot.discord_ui.client import MutoscopeClient
from bot.discord_ui.requester import FRONT_END
from bot.studio.keep_running import keep_running
from bot.studio.privacy.departing import Departing
from storage.domain.errors import Unavailable
from storage.domain.privacy.departure import Departure, DepartureKind

log = logging.getLogger(__name__)

# in seconds
INTERVAL = 30.0  # between two looks at what is due
ASK_INTERVAL = 2.0  # between two questions whether somebody is still a member
RETRY_INTERVAL = 5.0  # between two tries to note what is gone
ROUND_SECONDS = 24 * 3600.0  # from one round of these questions to the next

# Discord's error codes
UNKNOWN_MEMBER = 10007
UNKNOWN_USER = 10013
WITH_THREADS = discord.TextChannel | discord.ForumChannel
MOST_WAITING = 100_000  # notes that wait for the database
Note: TypeAlias = Callable[[], Awaitable[None]]
"""Writes down who or what is gone; raises Unavailable."""
OUTAGES = (Unavailable, discord.HTTPException, aiohttp.ClientError, OSError)


class Departures:
    """Of several bots, each notes what it hears, and one asks and deletes."""

    def __init__(self, client: MutoscopeClient) -> None:
        self._client = client
        self._departing = client.studio.privacy.departing

    async def run(self) -> None:
        """Delete what is due and ask for members, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._delete_forever())
            if not self._client.intents.members:
                group.create_task(self._ask_forever())

    async def _delete_forever(self) -> None:
        later = "the data of what is gone is deleted later"
        await asyncio.sleep(INTERVAL)
        await keep_running(self._delete_if_first, INTERVAL, later, outages=OUTAGES)

    async def _delete_if_first(self) -> None:
        if self._client.is_ready() and self._client.studio.is_first():
            await self.delete_due()

    async def delete_due(self) -> None:
        """Delete the data of what is gone for long enough, unless it is back."""
        for gone in await self._departing.due():
            back = await self._is_back(gone)
            if back:
                await self._departing.back(gone.kind, gone.name, gone.place)
            elif back is None:
                await self._departing.postpone(gone, FRONT_END)
            else:
                await self._departing.delete(gone, FRONT_END)

    async def _is_back(self, gone: Departure) -> bool | None:
        """Tell whether somebody or something is there again; None where Discord does not say."""
        if gone.kind is DepartureKind.GUILD:
            return self._client.get_guild(int(gone.name)) is not None
        if gone.kind is DepartureKind.MEMBER:
            return await self._is_member(gone.place, gone.name)
        return False

    async def _ask_forever(self) -> None:
        later = "members are asked for later"
        await keep_running(self._ask_round, INTERVAL, later, outages=OUTAGES)

    async def _ask_round(self) -> None:
        begun = time.monotonic()
        if await self.ask_for_members(ASK_INTERVAL):
            left = ROUND_SECONDS - (time.monotonic() - begun)
            await asyncio.sleep(max(0.0, left - INTERVAL))

    async def ask_for_members(self, pause: float) -> bool:
        """Ask Discord of everybody with clips in a server whether they are still there.

        Begin with the server at which the last round stopped. Return False where another bot is to
        ask.
        """
        guild, person = await self._departing.asked_guild(), ""
        while self._client.studio.is_first():
            found = await self._departing.next_member(guild, person)
            if found is None:
                await self._departing.keep_asked_guild("")
                return True
            if found[0] != guild:
                await self._departing.keep_asked_guild(found[0])
            guild, person = found
            known = guild.isdigit() and self._client.get_guild(int(guild)) is not None
            if known and person.isdigit() and await self._is_member(guild, person) is False:
                await self._departing.note(DepartureKind.MEMBER, person, guild)
            await asyncio.sleep(pause)
        return False

    async def _is_member(self, guild: str, person: str) -> bool | None:
        """Ask whether a person is in a server; None where Discord does not say."""
        try:
            await self._client.http.get_member(int(guild), int(person))
        except discord.NotFound as error:
            return False if error.code in (UNKNOWN_MEMBER, UNKNOWN_USER) else None
        except discord.Forbidden:
            return None
        return True


class DepartureEvents:
    """Notes departures as the gateway tells of them; each method handles the event of its name.

    They are written one after the other. While the database is away they wait in memory, and are
    tried again.
    """

    def __init__(self, client: MutoscopeClient) -> None:
        self._client = client
        self._waiting: deque[Note] = deque()
        self._writing: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()

    @property
    def _departing(self) -> Departing:
        return self._client.studio.privacy.departing

    async def on_raw_message_delete(self, event: discord.RawMessageDeleteEvent) -> None:
        """Note a message if it showed a clip."""
        await self._messages(event.channel_id, [event.message_id])

    async def on_raw_bulk_message_delete(self, event: discord.RawBulkMessageDeleteEvent) -> None:
        """Note those messages that showed clips."""
        await self._messages(event.channel_id, event.message_ids)

    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        """Note a channel and its threads."""
        threads = channel.threads if isinstance(channel, WITH_THREADS) else []
        for key in (channel.id, *(thread.id for thread in threads)):
            await self._note(partial(self._departing.note, DepartureKind.CHANNEL, str(key)))

    async def on_raw_thread_delete(self, event: discord.RawThreadDeleteEvent) -> None:
        """Note a thread."""
        await self._note(partial(self._departing.note, DepartureKind.CHANNEL, str(event.thread_id)))

    async def on_raw_member_remove(self, event: discord.RawMemberRemoveEvent) -> None:
        """Note who left a server."""
        person, guild = str(event.user.id), str(event.guild_id)
        await self._note(partial(self._departing.note, DepartureKind.MEMBER, person, guild))

    async def on_guild_join(self, guild: discord.Guild) -> None:
        """Note a server that has the bot now, or again."""
        await self._note(partial(self._departing.guild_here, str(guild.id)))

    async def on_guild_available(self, guild: discord.Guild) -> None:
        """Do the same: Discord may announce a server in either way."""
        await self.on_guild_join(guild)

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """Note a server that removed the bot; one that is only unavailable is none."""
        await self._note(partial(self._departing.guild_gone, str(guild.id)))

    async def see_guilds(self) -> None:
        """Note the servers that removed the bot while it was away."""
        here = [str(one.id) for one in self._client.guilds]
        await self._note(partial(self._departing.note_guilds, here))

    async def finish(self) -> None:
        """Write what waits, or try to, before the client closes; note nothing more."""
        self._closing.set()
        if self._writing is not None:
            await self._writing

    async def _note(self, note: Note) -> None:
        """Write a note, after those that wait."""
        if self._closing.is_set():
            return
        if len(self._waiting) >= MOST_WAITING:
            log.warning("what is gone is not noted: %d wait for the database", MOST_WAITING)
            return
        self._waiting.append(note)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())

    async def _write(self) -> None:
        while self._waiting:
            try:
                await self._waiting[0]()
            except Unavailable:
                if self._closing.is_set():
                    log.warning("%d that are gone could not be noted", len(self._waiting))
                    return
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._closing.wait(), RETRY_INTERVAL)
                continue
            except Exception:
                log.exception("what is gone could not be noted")
            self._waiting.popleft()

    async def _messages(self, channel: int, messages: Collection[int]) -> None:
        names = [str(one) for one in messages]
        await self._note(partial(self._departing.note_messages, FRONT_END, str(channel), names))


def register(client: MutoscopeClient) -> None:
    """Let the client hear of departures."""
    events = DepartureEvents(client)
    for handler in (
        events.on_raw_message_delete,
        events.on_raw_bulk_message_delete,
        events.on_guild_channel_delete,
        events.on_raw_thread_delete,
        events.on_raw_member_remove,
        events.on_guild_join,
        events.on_guild_available,
        events.on_guild_remove,
    ):
        client.event(handler)
    client.after_ready.append(events.see_guilds)
    client.before_close.append(events.finish)
