"""A thread that keeps a worker's key and its leases alive in Redis."""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable

from redis import Redis
from redis.client import Pipeline
from redis.exceptions import RedisError

from storage.domain.cost.bill import WorkerLife
from storage.domain.models.served_model import ServedModel
from storage.queue.connection import checked_url
from storage.queue.keys import (
    LEASE_SECONDS,
    LIFE_SECONDS,
    LIVES,
    RENEW_SECONDS,
    WORKER_KEYS,
    WORKERS,
    life_key,
    worker_key,
)
from storage.queue.messages.worker_life import write_life, write_served

log = logging.getLogger(__name__)


class Heartbeat:
    """Renews keys every few seconds whatever the event loop does, and through any outage."""

    def __init__(
        self,
        url: str,
        worker: str,
        served: ServedModel,
        life: Callable[[], WorkerLife] | None = None,
    ) -> None:
        """Prepare for the worker of this name, which serves this; `start` starts the thread.

        life returns what is to be billed up to now, None for a worker that is not billed.
        """
        self._redis = _connect(url)
        self._worker = worker
        self._served = write_served(served)
        self._life = life
        # Two workers of one name are two.
        self._key = worker_key(life()) if life else f"{WORKERS}{worker}:{secrets.token_hex(4)}"
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
            pipe.set(self._key, self._served, px=life)
            pipe.sadd(WORKER_KEYS, self._key)
            for key in self._leases:
                pipe.set(key, self._worker, px=life)
            if self._life is not None:
                _put_life(pipe, self._life())
            pipe.execute()


def report_end(url: str, life: WorkerLife) -> None:
    """Store the life of a worker that is about to end, as far as Redis can be reached."""
    redis = _connect(url)
    try:
        with redis.pipeline(transaction=True) as pipe:
            _put_life(pipe, life)
            pipe.execute()
    except RedisError:
        log.warning("Redis is away; this worker's last seconds are not billed")
    finally:
        redis.close()


def _connect(url: str) -> Redis:
    return Redis.from_url(checked_url(url), socket_connect_timeout=2, socket_timeout=2)


def _put_life(pipe: Pipeline, life: WorkerLife) -> None:
    pipe.set(life_key(life.id), write_life(life), ex=LIFE_SECONDS)
    pipe.sadd(LIVES, life.id)
