"""Keeps the bot logged in and its gateway connected, through every outage of Discord."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Literal

import aiohttp
import discord
from discord.backoff import ExponentialBackoff
from discord.gateway import DiscordWebSocket, KeepAliveHandler, ReconnectWebSocket

from bot.discord_ui.client import MutoscopeClient
from bot.discord_ui.command_sync import keep_commands_synced
from bot.discord_ui.frontend import (
    open_client,
    open_delivery,
    open_departures,
    open_removal,
    set_endpoints,
)
from bot.discord_ui.gateway.shards import ResumingShard
from bot.discord_ui.gateway.traffic import DiscordTraffic
from bot.i18n import Translations
from bot.settings import BotSettings
from bot.studio.studio import Studio
from storage.domain.errors import Unavailable

log = logging.getLogger(__name__)

# in seconds; together less than the 15 in which a Discord that is back is to be found
ATTEMPT_SECONDS = 8.0  # what one login or one handshake may take
LONGEST_PAUSE = 5.0  # between two attempts
FIRST_PAUSE = 1.0
HEARTBEAT_SECONDS = 4.0  # between two heartbeats, each of which the gateway acknowledges
SILENCE_SECONDS = 9.0  # after which a gateway that says nothing is left
FAREWELL_SECONDS = 1.0  # that a gateway has to answer a close

OUTAGES = (discord.HTTPException, discord.GatewayNotFound, aiohttp.ClientError, OSError)

REFUSALS = {
    4004: "Discord refuses DISCORD_TOKEN (gateway code 4004); make a new one and set it",
    4013: "Discord does not know an intent that the bot asks for (gateway code 4013); update it",
    4014: "Discord does not allow an intent that the bot asks for (gateway code 4014); allow it at"
    " https://discord.com/developers/applications",
}
"""What closed the gateway for good, by Discord's code, and what to do."""


SHARD_CODES = (4010, 4011)
"""What closes the gateway where the bot came with other shards than Discord wants by now."""


class DiscordRefused(Exception):
    """Trying again cannot help; the message is for whoever runs the service."""


class WrongShards(Exception):
    """Discord wants another number of shards than it recommended before."""

    def __init__(self, count: int | None, code: int) -> None:
        super().__init__(f"{count} shards are not what Discord wants (gateway code {code})")


class DiscordConnection:
    """Discord's side of the bot: commands, deliveries and the gateway."""

    def __init__(self, texts: Translations, settings: BotSettings) -> None:
        """Prepare to connect; nothing is sent yet."""
        self._texts = texts
        self._settings = settings
        self._client: MutoscopeClient | None = None
        self._refused_shards: int | None = None
        self.traffic = DiscordTraffic()

    @property
    def ready(self) -> bool:
        """Whether the gateway is connected now, by all shards."""
        return self._client is not None and self._client.gateway_ready

    async def run(self, studio: Studio) -> None:
        """Work until cancelled; raise DiscordRefused where trying again cannot help."""
        set_endpoints(self._settings.discord_api_url, self._settings.discord_gateway_url)
        bound_reconnects()
        pause, last = FIRST_PAUSE, ""
        while True:
            try:
                await self._run_client(studio)
            except OUTAGES as error:
                if repr(error) != last:  # an outage of hours must not fill the log
                    log.warning("Discord is away, trying until it is back: %r", error)
                last = repr(error)
            except WrongShards as error:
                log.warning("%s; it is asked again how many", error)
            except DiscordRefused:
                raise
            except Exception:
                log.exception("the Discord client ended; a new one is started")
            if self._client is not None:  # it was logged in
                pause, self._client = FIRST_PAUSE, None
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _run_client(self, studio: Studio) -> None:
        """Log a new client in and serve until it ends."""
        guild = self._settings.discord_guild
        policy, hears = self._settings.privacy_policy_url, self._settings.members_intent
        async with open_client(
            studio, self._texts, self.traffic, policy, hears_members=hears
        ) as client:
            async with asyncio.timeout(ATTEMPT_SECONDS):
                await self._login(client)
            self._client = client
            self.traffic.shard_latencies = client.shard_latencies
            delivery = open_delivery(client, self._settings.ping_after)
            async with (
                _connecting(client) as connecting,
                _background(keep_running("delivery", delivery.run)),
                _background(keep_running("message removal", open_removal(client).run)),
                _background(keep_running("departures", open_departures(client).run)),
                _background(keep_commands_synced(client, guild)),
            ):
                await asyncio.wait({connecting})
                self._check_end(client, connecting)

    async def _login(self, client: MutoscopeClient) -> None:
        guild = self._settings.discord_guild
        try:
            await client.login(self._settings.discord_token)
            await client.read_gateway()
            if guild:
                await client.fetch_guild(guild, with_counts=False)
        except discord.LoginFailure as error:
            reason = "Discord refuses DISCORD_TOKEN; make a new one and set it"
            raise DiscordRefused(reason) from error
        except (discord.Forbidden, discord.NotFound) as error:
            if client.user is None:
                raise
            reason = f"DISCORD_GUILD={guild}: the bot is in no such server; invite it or correct it"
            raise DiscordRefused(reason) from error

    def _check_end(self, client: MutoscopeClient, connecting: asyncio.Task[None]) -> None:
        """Raise what ended the connection: DiscordRefused where Discord closed it for good."""
        try:
            connecting.result()
        except (discord.ConnectionClosed, discord.PrivilegedIntentsRequired) as error:
            code = error.code if isinstance(error, discord.ConnectionClosed) else 4014
            if code in SHARD_CODES and client.shard_count != self._refused_shards:
                self._refused_shards = client.shard_count
                raise WrongShards(client.shard_count, code) from error
            raise DiscordRefused(
                REFUSALS.get(code, f"Discord closed the gateway for good (code {code})")
            ) from error


@contextlib.asynccontextmanager
async def _connecting(client: MutoscopeClient) -> AsyncIterator[asyncio.Task[None]]:
    """Let the client connect beside the block, and close it at the block's end.

    While a shard connects again, discord.py would go on after a cancellation alone.
    """
    connecting = asyncio.create_task(client.connect())
    try:
        yield connecting
    finally:
        await client.close()
        connecting.cancel()
        await asyncio.gather(connecting, return_exceptions=True)


async def keep_running(name: str, work: Callable[[], Awaitable[None]]) -> None:
    """Call this again and again whatever it raises, until cancelled."""
    while True:
        try:
            await work()
        except Unavailable as error:
            log.warning("%s waits: %s", name, error.key)
        except Exception:
            log.exception("%s goes on after an error", name)
        await asyncio.sleep(FIRST_PAUSE)


@contextlib.asynccontextmanager
async def _background(work: Awaitable[None]) -> AsyncIterator[None]:
    """Run this beside the block, and cancel it at the block's end."""
    task = asyncio.ensure_future(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class CappedBackoff(ExponentialBackoff[Literal[False]]):
    """discord.py's backoff, which by itself reaches 17 minutes, with an end."""

    def delay(self) -> float:
        """Return the seconds to wait before the next attempt."""
        return min(float(super().delay()), LONGEST_PAUSE)


class FrequentHeartbeat(KeepAliveHandler):
    """discord.py's heartbeat, more often than the 41 seconds that the gateway asks for."""

    def __init__(self, *args: Any, interval: float, **options: Any) -> None:
        super().__init__(*args, interval=min(interval, HEARTBEAT_SECONDS), **options)


class ImpatientWebSocket(DiscordWebSocket):
    """A gateway that has seconds to greet and to speak, not the minutes of discord.py."""

    @classmethod
    async def from_client(cls, *args: Any, **options: Any) -> ImpatientWebSocket:
        """Connect; raise TimeoutError, after which discord.py tries again."""
        async with asyncio.timeout(ATTEMPT_SECONDS):
            return await super().from_client(*args, **options)

    async def poll_event(self) -> None:
        """Receive a message; leave a gateway that is silent, whatever the connection seems."""
        try:
            async with asyncio.timeout(SILENCE_SECONDS):
                await super().poll_event()
        except TimeoutError:
            log.warning("Discord's gateway is silent; connecting again")
            if self._keep_alive is not None:
                self._keep_alive.stop()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(FAREWELL_SECONDS):
                    await self.socket.close(code=4000)
            raise ReconnectWebSocket(self.shard_id) from None


def bound_reconnects() -> None:
    """Let discord.py find a gateway that is back within seconds, and log its tries in a line."""
    # discord.py has no setting for any of these; it looks them up by their names.
    vars(discord.shard).update(
        ExponentialBackoff=CappedBackoff, DiscordWebSocket=ImpatientWebSocket, Shard=ResumingShard
    )
    vars(discord.gateway).update(KeepAliveHandler=FrequentHeartbeat)
    logging.getLogger("discord.shard").addFilter(_shorten)


RETRIES = ("Attempting a reconnect", "Failed to connect")
"""How the lines begin in which discord.py says that it tries again."""


def _shorten(record: logging.LogRecord) -> bool:
    """Replace the traceback of each try to reconnect by its cause."""
    if record.exc_info and str(record.msg).startswith(RETRIES):
        record.msg, record.args = f"{record.getMessage()}: {record.exc_info[1]!r}", None
        record.exc_info, record.levelno, record.levelname = None, logging.WARNING, "WARNING"
    return True
