"""Pulse: a thread of its own that keeps a worker's heartbeat and leases alive in Redis."""

from __future__ import annotations

import logging
import threading

from redis import Redis
from redis.exceptions import RedisError

from storage.queue.messages import LEASE_SECONDS, RENEW_SECONDS, WORKERS

log = logging.getLogger(__name__)


class Pulse:
    """Renews keys every few seconds whatever the event loop does, and through any outage."""

    def __init__(self, url: str, name: str, every: float = RENEW_SECONDS) -> None:
        """Prepare to beat for the worker of this name."""
        self._redis = Redis.from_url(url, socket_connect_timeout=2, socket_timeout=2)
        self._name = name
        self._every = every
        self._leases: set[str] = set()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="pulse", daemon=True)

    def start(self) -> None:
        """Begin to beat, at once."""
        self._thread.start()

    def hold(self, key: str) -> None:
        """Keep this lease from now on."""
        self._leases = self._leases | {key}

    def drop(self, key: str) -> None:
        """Let this lease run out."""
        self._leases = self._leases - {key}

    def stop(self) -> None:
        """End the thread and the heartbeat; waits for at most a few seconds."""
        self._ended.set()
        self._thread.join(timeout=5)
        try:
            self._redis.delete(WORKERS + self._name)
        except RedisError:
            log.debug("Redis is away; the heartbeat runs out by itself")
        self._redis.close()

    def _beat(self) -> None:
        while True:
            try:
                self._renew()
            except RedisError as error:
                log.debug("the lease could not be renewed: %s", error)
            if self._ended.wait(self._every):
                return

    def _renew(self) -> None:
        life = int(LEASE_SECONDS * 1000)
        with self._redis.pipeline(transaction=False) as pipe:
            pipe.set(WORKERS + self._name, 1, px=life)
            for key in self._leases:
                pipe.set(key, self._name, px=life)
            pipe.execute()
