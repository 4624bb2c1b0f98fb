"""Everything on one machine: Redis, local Discord, bot and worker in one folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from deploy.local.stack.child_process import Child, Crew, python
from deploy.local.stack.redis_server import RedisServer, start_redis

OWN = (
    "DATABASE_URL",
    "REDIS_URL",
    "BLOB_URL",
    "DISCORD_TOKEN",
    "DISCORD_GUILD",
    "METRICS_PORT",
)
"""Settings of a service for real, which a household must never touch: its worker would take the
real one's orders, and find none of their pictures."""

DISCORD = "local Discord: "
"""How the local Discord begins the line that names its address."""


class Household:
    """The whole service in one folder, each part a process of its own with a log of its own."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self.folder = folder.resolve()
        self.crew = Crew()
        self.redis: RedisServer | None = None
        self.discord: Child | None = None
        self.bot: Child | None = None
        self.worker: Child | None = None
        self.page = ""
        self.environ = {name: value for name, value in environ.items() if name not in OWN}
        self.environ["MUTOSCOPE_HOME"] = str(self.folder)
        self.environ["PYTHONUNBUFFERED"] = "1"

    @property
    def logs(self) -> Path:
        """The folder that the children write their logs to."""
        return self.folder / "logs"

    def start_redis(self) -> str:
        """Start Redis' protocol server unless it runs already; return its url."""
        if self.redis is None:
            self.redis = start_redis(self.folder / "redis")
            self.environ["REDIS_URL"] = self.redis.url
        return self.environ["REDIS_URL"]

    async def start_discord(self, port: int = 0, journal: Path | None = None) -> str:
        """Start the local Discord (journal: where it writes its wire down); return its address."""
        command = python(
            "deploy.local.discord", "--port", str(port), "--state", str(self.folder / "discord")
        )
        if journal is not None:
            command += ["--record", str(journal)]
        self.discord = await self._start("discord", command)
        self.page = (await self.discord.line(DISCORD)).removeprefix(DISCORD)
        self.environ |= {
            "DISCORD_TOKEN": "local",
            "DISCORD_API_URL": f"{self.page.rstrip('/')}/api/v10",
            "DISCORD_GATEWAY_URL": f"{self.page.rstrip('/')}/gateway".replace("http", "ws", 1),
        }
        return self.page

    async def start_bot(self) -> Child:
        """Start the bot; it is ready a little later."""
        self.bot = await self._start("bot", python("bot"))
        return self.bot

    async def start_worker(self) -> Child:
        """Start a worker; it takes orders a little later."""
        self.worker = await self._start("worker", python("gpu_worker"))
        return self.worker

    async def stop(self) -> None:
        """End all of it, whoever leans on another first."""
        await self.crew.stop()
        if self.redis is not None:
            self.redis.stop()
            self.redis = None

    async def _start(self, name: str, command: list[str]) -> Child:
        return await self.crew.start(name, command, self.environ, self.logs / f"{name}.log")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()
