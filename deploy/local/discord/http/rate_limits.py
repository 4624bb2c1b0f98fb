"""Rate limits: a bucket a route and channel, the bot's total, and the ban for invalid requests."""

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha1

from aiohttp import web

from deploy.local.discord.rules.errors import RateLimited
from deploy.local.discord.state.snowflakes import Clock
from deploy.local.discord.state.world import World

CHANNEL = "/channels/{channel}"
MESSAGE = f"{CHANNEL}/messages/{{message}}"
WEBHOOK = "/webhooks/{application}/{token}"
LIMITS: Mapping[tuple[str, str], tuple[int, float]] = {
    ("POST", f"{CHANNEL}/messages"): (5, 5.0),
    ("PATCH", MESSAGE): (5, 5.0),
    ("DELETE", MESSAGE): (5, 1.0),
    ("PUT", f"{MESSAGE}/reactions/{{emoji}}/@me"): (1, 0.25),
    ("POST", WEBHOOK): (5, 2.0),
    ("PATCH", f"{WEBHOOK}/messages/{{message}}"): (5, 2.0),
    ("POST", "/users/@me/channels"): (10, 10.0),
}
"""Requests and seconds by method and route, as bots see them; Discord does not publish them."""
EVERY_OTHER = (50, 1.0)
MAJOR_PARAMETERS = ("channel", "guild", "application", "token")
WITHOUT_TOTAL = ("/interactions/", "/webhooks/")
"""Routes of interactions do not count towards the bot's total."""
INVALID = frozenset({401, 403, 429})
BAN_SECONDS = 600.0


@dataclass
class Window:
    """The requests to one bucket since `start` (unix seconds)."""

    limit: int
    seconds: float
    start: float
    count: int = 0


class RateLimits:
    """Counts requests; each bucket's state is in the headers of its answers."""

    def __init__(self, clock: Clock, world: World) -> None:
        self._clock, self._world = clock, world
        self._windows: dict[str, Window] = {}
        self._total = Window(0, 1.0, 0.0)
        self._invalid: deque[float] = deque()

    @property
    def is_banned(self) -> bool:
        """Tell whether the address made too many invalid requests lately."""
        while self._invalid and self._clock.now() - self._invalid[0] > BAN_SECONDS:
            self._invalid.popleft()
        return len(self._invalid) >= self._world.invalid_requests

    def record(self, status: int) -> None:
        """Count an answer towards the ban if it is invalid."""
        if status in INVALID:
            self._invalid.append(self._clock.now())

    def take(self, request: web.Request, route: str) -> dict[str, str]:
        """Count a request and return the headers of its bucket; raise RateLimited."""
        if not self._world.rate_limits:
            return {}
        now = self._clock.now()
        self._take_total(route, now)
        if route.startswith("/interactions/"):
            return {}
        limit, seconds = LIMITS.get((request.method, route), EVERY_OTHER)
        bucket = sha1(f"{request.method}{route}".encode()).hexdigest()  # noqa: S324 (only a name)
        major = [request.match_info.get(name, "") for name in MAJOR_PARAMETERS]
        key = ":".join((bucket, *major))
        window = self._windows.get(key)
        if window is None or now - window.start >= window.seconds:
            window = self._windows[key] = Window(limit, seconds, now)
        left = window.start + window.seconds - now
        headers = {
            "X-RateLimit-Limit": str(limit),
            "X-RateLimit-Remaining": str(max(0, limit - window.count - 1)),
            "X-RateLimit-Reset": f"{window.start + window.seconds:.3f}",
            "X-RateLimit-Reset-After": f"{left:.3f}",
            "X-RateLimit-Bucket": bucket,
        }
        if window.count >= limit:
            raise RateLimited(round(left, 3), headers=headers | {"X-RateLimit-Scope": "user"})
        window.count += 1
        return headers

    def _take_total(self, route: str, now: float) -> None:
        if route.startswith(WITHOUT_TOTAL):
            return
        if now - self._total.start >= self._total.seconds:
            self._total = Window(0, 1.0, now)
        if self._total.count >= self._world.requests_per_second:
            left = round(self._total.start + self._total.seconds - now, 3)
            headers = {"X-RateLimit-Global": "true", "X-RateLimit-Scope": "global"}
            raise RateLimited(left, is_global=True, headers=headers)
        self._total.count += 1


def retry_headers(error: RateLimited) -> dict[str, str]:
    """Return the headers of a 429; without Via it would read as a ban by Cloudflare."""
    return {"Via": "1.1 google", "Retry-After": str(math.ceil(error.retry_after)), **error.headers}
