"""A thread that keeps a worker's key and its leases alive in Redis."""

from __future__ import annotations

import logging
import secrets
import threading

from redis import Redis
from redis.exceptions import RedisError

from storage.queue.connection import checked_url
from storage.queue.messages import LEASE_SECONDS, RENEW_SECONDS, WORKER_KEYS, WORKERS

log = logging.getLogger(__name__)


class Heartbeat:
    """Renews keys every few seconds whatever the event loop does, and through any outage."""

    def __init__(self, url: str, worker: str) -> None:
        """Prepare for the worker of this name; `start` starts the thread."""
        self._redis = Redis.from_url(checked_url(url), socket_connect_timeout=2, socket_timeout=2)
        self._worker = worker
        # Two workers of one name are two.
        self._key = f"{WORKERS}{worker}:{secrets.token_hex(4)}"
        self._leases: set[str] = set()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Start to renew, at once."""
        self._thread.start()

    def add(self, lease: str) -> None:
        """Renew this key from now on."""
        self._leases = self._leases | {lease}

    def remove(self, lease: str) -> None:
        """Renew this key no longer."""
        self._leases = self._leases - {lease}

    def stop(self) -> None:
        """End the thread and delete the worker's key; waits for at most a few seconds."""
        self._stopped.set()
        self._thread.join(timeout=5)
        try:
            self._redis.delete(self._key)
        except RedisError:
            log.debug("Redis is away; the worker's key expires by itself")
        self._redis.close()

    def _run(self) -> None:
        while True:
            try:
                self._renew()
            except RedisError as error:
                log.debug("leases could not be renewed: %s", error)
            if self._stopped.wait(RENEW_SECONDS):
                return

    def _renew(self) -> None:
        life = int(LEASE_SECONDS * 1000)
        with self._redis.pipeline(transaction=False) as pipe:
            pipe.set(self._key, 1, px=life)
            pipe.sadd(WORKER_KEYS, self._key)
            for key in self._leases:
                pipe.set(key, self._worker, px=life)
            pipe.execute()
