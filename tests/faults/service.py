"""The whole service as real processes, each of which a fault can reach."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import shutil
import signal
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import redis

from deploy.local.discord.member.client import MemberClient
from deploy.local.service import WRONG_SETTINGS
from deploy.local.stack.child_process import ChildProcess, python
from deploy.local.stack.local_stack import LocalStack
from deploy.local.stack.redis_server import RedisServer, start_redis
from deploy.local.stack.waiting import poll
from tests.faults.redis_proxy import RedisProxy
from tests.faults.shifted_process import set_clock
from tests.support.catalogue.admission import small_catalogue
from tests.support.process_tree import children, has_ended
from tests.support.stores.outside_database import OutsideDatabase

ROOT = Path(__file__).parents[2]
RESTART_SECONDS = 0.5
READY_SECONDS = 60.0
WORKERS = 3
READY_LINES = {"bot": "ready as", "gpu_worker": "takes orders"}
QUOTA = {
    "credits_per_day: 600": "credits_per_day: 180",
    "unfinished_jobs: 5": "unfinished_jobs: 10",
}


class Supervised:
    """A process that is started again whenever it ends, as a service manager does."""

    def __init__(self, name: str, module: str, stack: LocalStack) -> None:
        self.name, self._module, self._stack = name, module, stack
        self._starts = 0
        self._stopping = False
        self._task: asyncio.Task[None] | None = None
        self._current: ChildProcess | None = None
        self._started = asyncio.Event()
        self.statuses: list[int | None] = []
        self.clock = stack.folder / f"{name}.clock"
        set_clock(self.clock, 0.0)

    @property
    def pid(self) -> int:
        """The id of the process that runs, 0 between two."""
        current = self._current
        return current.process.pid if current is not None and current.alive else 0

    async def start(self) -> None:
        """Start the process and watch it."""
        self._task = asyncio.create_task(self._keep_running())
        await self._started.wait()

    async def _keep_running(self) -> None:
        while not self._stopping:
            self._current = await self._start_one()
            self._started.set()
            self.statuses.append(await self._current.process.wait())
            if not self._stopping:
                await asyncio.sleep(RESTART_SECONDS)

    async def _start_one(self) -> ChildProcess:
        self._starts += 1
        name = f"{self.name}-{self._starts}"
        environ = self._stack.environ | {"CLOCK_FILE": str(self.clock), "WORKER_NAME": name}
        command = python("tests.faults.shifted_process", self._module)
        return await ChildProcess.start(name, command, environ, self._stack.logs / f"{name}.log")

    async def wait_until_ready(self) -> None:
        """Wait until the process says that it works."""

        def is_ready() -> bool:
            current = self._current
            if current is None or current.log is None or not current.alive:
                return False
            return READY_LINES[self._module] in current.log.read_text(errors="replace")

        await poll(is_ready, READY_SECONDS, f"{self.name} to be ready")

    async def stop(self) -> None:
        """End the process for good, politely."""
        self._stopping = True
        send(self.pid, signal.SIGCONT)
        if self._current is not None:
            await self._current.stop()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)


class FaultyService:
    """Redis behind a proxy, the local Discord, bots and workers, in one folder."""

    def __init__(self, folder: Path, database_url: str, bots: int = 1) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        environ = {name: value for name, value in os.environ.items() if name != "MODEL"}
        self.folder = folder.resolve()
        self.run_log = self.folder / "runs.log"
        self.wire_log = self.folder / "wire.jsonl"
        self.stack = LocalStack(folder, environ | self._settings())
        self.stack.environ["DATABASE_URL"] = database_url
        self.database = OutsideDatabase(database_url)
        self._bot_count = bots
        self.bots: list[Supervised] = []
        self.workers: list[Supervised] = []
        self._all: list[Supervised] = []
        self._started: dict[str, int] = {}
        self._redis: RedisServer | None = None
        self._redis_watch: asyncio.Task[None] | None = None
        self._redis_away = asyncio.Lock()
        self._deploying = asyncio.Lock()
        self.proxy = RedisProxy(str(self.redis_socket))

    def _settings(self) -> dict[str, str]:
        catalogue = self.folder / "generation.yaml"
        catalogue.write_text(small_catalogue(**QUOTA))
        return {
            "GENERATION_FILE": str(catalogue),
            "ENGINE_FACTORY": "tests.faults.short_engine:create",
            "RUN_LOG": str(self.run_log),
            "PYTHONPATH": str(ROOT),
            "PING_AFTER": "40",
            "FILTER": "on",
            "FILTER_FACTORY": "tests.support.pictures.filters:red",
            "DRAIN_SECONDS": "4",
            "CANCEL_SECONDS": "5",
            "SILENCE_SECONDS": "30",
        }

    @property
    def gave_up(self) -> list[str]:
        """The processes that ended as if no restart could help."""
        return [one.name for one in self._all if WRONG_SETTINGS in one.statuses]

    @property
    def discord_database(self) -> Path:
        """What the local Discord keeps."""
        return self.folder / "discord" / "discord.db"

    @property
    def blobs(self) -> Path:
        """The folder of pictures and clips."""
        return self.folder / "blobs"

    @property
    def redis_folder(self) -> Path:
        """The folder of the Redis server."""
        return self.folder / "redis"

    @property
    def redis_socket(self) -> Path:
        """The Redis server's own socket."""
        return self.redis_folder / "redis.sock"

    @property
    def redis_pid(self) -> int:
        """The id of the Redis server, 0 while it does not run."""
        process = self._redis.process if self._redis else None
        return process.pid if process is not None and process.poll() is None else 0

    async def __aenter__(self) -> Self:
        await self._start_redis()
        await self.proxy.start()
        self.stack.environ["REDIS_URL"] = self.proxy.url
        await self.stack.start_discord(wire_log=self.wire_log)
        self._redis_watch = asyncio.create_task(self._keep_redis_running())
        for _ in range(self._bot_count):
            await self.add(self.bots, "bot", "bot")
        for _ in range(WORKERS):
            await self.add(self.workers, "worker", "gpu_worker")
        async with MemberClient(self.stack.page) as member:
            await asyncio.wait_for(member.wait_for_command("animate"), READY_SECONDS)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await asyncio.gather(*(each.stop() for each in (*self.bots, *self.workers)))
        if self._redis_watch is not None:
            self._redis_watch.cancel()
        send(self.redis_pid, signal.SIGCONT)
        await self.stack.stop()
        await self.proxy.stop()
        if self._redis is not None:
            await asyncio.to_thread(self._redis.stop)

    async def add(self, group: list[Supervised], name: str, module: str) -> Supervised:
        """Start one more bot or worker."""
        self._started[name] = self._started.get(name, 0) + 1
        process = Supervised(f"{name}{self._started[name]}", module, self.stack)
        await process.start()
        group.append(process)
        self._all.append(process)
        return process

    async def replace(self, group: list[Supervised], number: int) -> None:
        """Deploy: start a new one, and stop an old one once the new one works."""
        name, module = ("bot", "bot") if group is self.bots else ("worker", "gpu_worker")
        async with self._deploying:
            old = group[number % len(group)]
            new = await self.add(group, name, module)
            with contextlib.suppress(TimeoutError):
                await new.wait_until_ready()
            group.remove(old)
            await old.stop()

    async def _start_redis(self) -> None:
        self._redis = await asyncio.to_thread(start_redis, self.redis_folder)

    async def _keep_redis_running(self) -> None:
        """Start Redis again when it has ended."""
        while True:
            # A process that a thread started has no event of its end.
            while self.redis_pid:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
            await asyncio.sleep(RESTART_SECONDS)
            async with self._redis_away:
                if not self.redis_pid:
                    await self._start_redis()

    async def empty_redis(self, *, lose_files: bool) -> None:
        """Delete everything in Redis, with its files or by a command."""
        if not lose_files:
            client = redis.Redis(unix_socket_path=str(self.redis_socket), socket_timeout=1)
            with client, contextlib.suppress(redis.RedisError):
                await asyncio.to_thread(client.flushall)
            return
        async with self._redis_away:
            if self._redis is not None:
                await asyncio.to_thread(self._redis.stop, kill=True)
            shutil.rmtree(self.redis_folder)
            await self._start_redis()

    @contextlib.contextmanager
    def reading(self, path: Path) -> Iterator[sqlite3.Connection]:
        """Read an SQLite file from outside."""
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)
        connection.row_factory = sqlite3.Row
        try:
            yield connection
        finally:
            connection.close()


def send(pid: int, number: signal.Signals) -> None:
    """Send a signal to a process, unless it has ended."""
    if pid:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def engine_of(worker: int) -> int:
    """Return the id of a worker's child that runs the engine, 0 where there is none."""
    for pid in children(worker) if worker else ():
        with contextlib.suppress(OSError):
            if b"gpu_worker.engine" in Path(f"/proc/{pid}/cmdline").read_bytes():
                return 0 if has_ended(pid) else pid
    return 0


def limit_files(pid: int, size: int) -> None:
    """Let no file of a process and its children grow beyond a size in bytes (-1: any size)."""
    for each in (pid, *children(pid)) if pid else ():
        with contextlib.suppress(ProcessLookupError):
            hard = resource.prlimit(each, resource.RLIMIT_FSIZE)[1]
            resource.prlimit(each, resource.RLIMIT_FSIZE, (size, hard))
