"""Makes the planned faults happen, from outside of the processes."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TypeAlias

from deploy.local.discord import Json
from deploy.local.discord.member.client import MemberClient
from tests.faults.redis_proxy import ProxyMode
from tests.faults.schedule import DURATIONS, PlannedFault
from tests.faults.service import FaultyService, Supervised, engine_of, limit_files, send
from tests.faults.shifted_process import set_clock

CLOCK_SECONDS = 60.0
BLOCK = 4096  # bytes that a file of a process with a full disk may have
EDITS = r"/webhooks/\d+/[^/]+/messages/|/channels/\d+/messages/\d+$"
SENDS = rf"/webhooks/|{EDITS}|/channels/\d+/messages$"
CALLBACK = r"/callback$"
LOGIN = r"/users/@me$|/gateway"
MANY = 1000
PUBLIC_THREAD = 11
CALM: Json = {"event_repeats": 0, "event_delay": 0.0}

Injection: TypeAlias = Callable[["Injector", PlannedFault], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class FaultRecord:
    """A fault that happened; times are in unix seconds."""

    kind: str
    begin: float
    end: float


class Injector:
    """Carries out faults and notes when each began and ended."""

    def __init__(self, service: FaultyService, member: MemberClient) -> None:
        self.service = service
        self._member = member
        self.records: list[FaultRecord] = []

    async def inject(self, fault: PlannedFault) -> None:
        """Let one fault happen from its begin to its end."""
        begin = time.time()
        await INJECTIONS[fault.kind](self, fault)
        self.records.append(FaultRecord(fault.kind, begin, time.time()))
        with (self.service.folder / "faults.log").open("a") as file:
            file.write(
                f"{datetime.fromtimestamp(begin)} {time.time() - begin:6.1f} s {fault.kind}\n"
            )

    def bot(self, fault: PlannedFault) -> Supervised:
        """Return the bot that a fault hits."""
        return self.service.bots[fault.target % len(self.service.bots)]

    def worker(self, fault: PlannedFault) -> Supervised:
        """Return the worker that a fault hits."""
        return self.service.workers[fault.target % len(self.service.workers)]

    def pid(self, who: str, fault: PlannedFault) -> int:
        """Return the id of the process that a fault hits."""
        if who == "redis":
            return self.service.redis_pid
        if who == "child":
            return engine_of(self.worker(fault).pid)
        return (self.bot if who == "bot" else self.worker)(fault).pid

    async def discord(self, method: str, path: str, body: Json | None = None) -> None:
        """Control the local Discord."""
        await self._member.call(method, path, body)

    async def threads(self) -> list[str]:
        """Return the ids of the threads."""
        channels = (await self._member.state())["channels"]
        return [channel["id"] for channel in channels if channel["type"] == PUBLIC_THREAD]


async def end(who: str, number: signal.Signals, injector: Injector, fault: PlannedFault) -> None:
    """Send a signal that ends a process."""
    send(injector.pid(who, fault), number)


async def stop(who: str, injector: Injector, fault: PlannedFault) -> None:
    """Let a process stand still."""
    pid = injector.pid(who, fault)
    send(pid, signal.SIGSTOP)
    try:
        await asyncio.sleep(fault.seconds)
    finally:
        send(pid, signal.SIGCONT)


async def redis_emptied(injector: Injector, fault: PlannedFault) -> None:
    """Lose what Redis has."""
    await injector.service.empty_redis(lose_files=fault.target % 2 == 0)


async def proxy_mode(mode: ProxyMode, injector: Injector, fault: PlannedFault) -> None:
    """Let the connections to Redis break, or stall."""
    injector.service.proxy.set_mode(mode)
    await asyncio.sleep(fault.seconds)
    injector.service.proxy.set_mode(ProxyMode.OPEN)


async def redis_reply_lost(injector: Injector, fault: PlannedFault) -> None:
    """Lose the replies to some changes that Redis made."""
    injector.service.proxy.lose_replies(1 + fault.target % 5)
    await asyncio.sleep(fault.seconds)
    injector.service.proxy.lose_replies(0)


async def store_read_only(injector: Injector, fault: PlannedFault) -> None:
    """Let the store be read but not written: a file lies where new files are written."""
    incoming = injector.service.blobs / "incoming"
    away = incoming.with_name("incoming.away")
    if away.exists() or not incoming.exists():
        return
    incoming.rename(away)
    incoming.touch()
    try:
        await asyncio.sleep(fault.seconds)
    finally:
        incoming.unlink()
        away.rename(incoming)


async def disk_full(who: str, injector: Injector, fault: PlannedFault) -> None:
    """Let the files of the workers, or of the bot, grow no more."""
    service = injector.service
    group = [each.pid for each in (service.bots if who == "bot" else service.workers)]
    for pid in group:
        limit_files(pid, 0 if who == "bot" else BLOCK)
    try:
        await asyncio.sleep(fault.seconds)
    finally:
        for pid in group:
            limit_files(pid, -1)


async def database_locked(injector: Injector, fault: PlannedFault) -> None:
    """Let no bot write to the database."""
    async with injector.service.database.locked():
        await asyncio.sleep(fault.seconds)


async def clock(who: str, injector: Injector, fault: PlannedFault) -> None:
    """Set a process's clock a minute forward or back."""
    process = injector.bot(fault) if who == "bot" else injector.worker(fault)
    set_clock(process.clock, CLOCK_SECONDS if fault.target % 2 else -CLOCK_SECONDS)
    try:
        await asyncio.sleep(fault.seconds)
    finally:
        set_clock(process.clock, 0.0)


async def refuse(rule: Json, injector: Injector, fault: PlannedFault) -> None:
    """Let Discord answer some requests by an error."""
    await injector.discord("POST", "/local/faults", {"times": 1 + fault.target % 8} | rule)
    await asyncio.sleep(fault.seconds)
    await injector.discord("DELETE", "/local/faults")


async def refuse_login(injector: Injector, fault: PlannedFault) -> None:
    """Let Discord be away for a bot that is started."""
    send(injector.bot(fault).pid, signal.SIGKILL)
    rule = {"method": "GET", "path": LOGIN, "status": 503, "times": MANY}
    await refuse(rule, injector, fault)


async def archive(injector: Injector, fault: PlannedFault) -> None:
    """Archive a third of the threads: messages there cannot be edited (50083)."""
    chosen = [key for key in await injector.threads() if int(key) % 3 == fault.target % 3]
    for key in chosen:
        await injector.discord("PATCH", f"/local/threads/{key}", {"archived": True})
    await asyncio.sleep(fault.seconds)
    for key in chosen:
        await injector.discord("PATCH", f"/local/threads/{key}", {"archived": False})


async def moderate(injector: Injector, fault: PlannedFault) -> None:
    """Let AutoMod block the messages of some orders (200000), by how their numbers begin."""
    words = [f"n{fault.target % 9 + 1}"]
    await injector.discord("PATCH", "/local/guilds/main", {"automod_words": words})
    await asyncio.sleep(fault.seconds)
    await injector.discord("PATCH", "/local/guilds/main", {"automod_words": []})


async def gateway_drop(injector: Injector, _: PlannedFault) -> None:
    """Close the gateway's connections."""
    await injector.discord("POST", "/local/gateway/drop")


async def disturb_gateway(how: Json, injector: Injector, fault: PlannedFault) -> None:
    """Let the gateway repeat or delay events."""
    await injector.discord("PATCH", "/local/world", how)
    await asyncio.sleep(fault.seconds)
    await injector.discord("PATCH", "/local/world", CALM)


async def deploy(who: str, injector: Injector, fault: PlannedFault) -> None:
    """Replace a process by a new one that starts before the old one ends."""
    service = injector.service
    if who == "bot":
        await service.replace(service.bots, fault.target)
    else:
        await service.replace(service.workers, fault.target)


def _discord(method: str, path: str, status: int, **more: object) -> Injection:
    return partial(refuse, {"method": method, "path": path, "status": status, **more})


WHO = ("bot", "worker", "child", "redis")
INJECTIONS: dict[str, Injection] = {
    **{f"{who}_kill": partial(end, who, signal.SIGKILL) for who in WHO},
    **{f"{who}_term": partial(end, who, signal.SIGTERM) for who in WHO},
    **{f"{who}_stop": partial(stop, who) for who in WHO},
    "redis_emptied": redis_emptied,
    "redis_cut": partial(proxy_mode, ProxyMode.CUT),
    "redis_half_open": partial(proxy_mode, ProxyMode.STALLED),
    "redis_reply_lost": redis_reply_lost,
    "store_read_only": store_read_only,
    "store_full": partial(disk_full, "worker"),
    "database_locked": database_locked,
    "database_full": partial(disk_full, "bot"),
    "clock_bot": partial(clock, "bot"),
    "clock_worker": partial(clock, "worker"),
    "discord_429": _discord("*", SENDS, 429),
    "discord_500": _discord("*", SENDS, 500),
    "discord_503_login": refuse_login,
    "discord_413": _discord("*", SENDS, 413, uploads=True),
    "discord_10062": _discord("POST", CALLBACK, 404, code=10062),
    "discord_50083": archive,
    "discord_200000": moderate,
    "discord_reply_lost": _discord("*", rf"{SENDS}|{CALLBACK}", 0, handled=True),
    "gateway_drop": gateway_drop,
    "gateway_duplicate": partial(disturb_gateway, {"event_repeats": 1}),
    "gateway_delay": partial(disturb_gateway, {"event_delay": 2.0}),
    "deploy_bot": partial(deploy, "bot"),
    "deploy_worker": partial(deploy, "worker"),
}
assert INJECTIONS.keys() == DURATIONS.keys()
