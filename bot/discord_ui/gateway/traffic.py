"""Counts what the bot asks of Discord, how that is limited, and how outcomes reach people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace

import aiohttp

from storage.domain.delivery_state import Way

WAYS = (Way.TOKEN, Way.EDIT, Way.POST, Way.DIRECT)
SCOPES = ("user", "global", "shared")
"""Whose limit a request was over, in Discord's words: the bot's, all of it, or everybody's."""
UNTOLD = "none"  # a way: there was nobody to tell, as the message is gone
WAITS = "waits"  # a way: every other one is closed, and the outcome waits in /clips


class UnexpectedRedirect(aiohttp.ClientError):
    """An answer leads elsewhere, as none of Discord's does."""


@dataclass
class DiscordTraffic:
    """Counts since the start of this process; every new client of the bot adds to them.

    requests is by the answer's HTTP status, limited by the limit's scope, delivered by the way.
    exhausted counts answers after which discord.py lets the next such request wait.
    shard_latencies returns the seconds from a heartbeat to its answer now, by connected shard.
    """

    requests: Counter[str] = field(default_factory=Counter)
    limited: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(SCOPES, 0)))
    delivered: Counter[str] = field(
        default_factory=lambda: Counter(dict.fromkeys((*WAYS, UNTOLD, WAITS), 0))
    )
    exhausted: int = 0
    shard_latencies: Callable[[], Mapping[int, float]] = dict

    def trace(self) -> aiohttp.TraceConfig:
        """Return what lets a client's requests be counted, and leads none elsewhere."""
        config = aiohttp.TraceConfig()
        config.on_request_redirect.append(_refuse)
        config.on_request_end.append(self._count)
        return config

    async def _count(
        self,
        _session: aiohttp.ClientSession,
        _context: SimpleNamespace,
        end: aiohttp.TraceRequestEndParams,
    ) -> None:
        headers = end.response.headers
        self.requests[str(end.response.status)] += 1
        self.exhausted += headers.get("X-RateLimit-Remaining") == "0"
        if end.response.status == 429:
            scope = headers.get("X-RateLimit-Scope", "global")
            self.limited[scope if scope in SCOPES else "global"] += 1


async def _refuse(
    _session: aiohttp.ClientSession,
    _context: SimpleNamespace,
    redirect: aiohttp.TraceRequestRedirectParams,
) -> None:
    """Raise UnexpectedRedirect before the next request is sent."""
    raise UnexpectedRedirect(f"{redirect.url.host} leads elsewhere")
