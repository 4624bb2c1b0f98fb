"""The whole service in one folder: Redis, local Discord, bot and worker."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from deploy.local.stack.child_process import ChildProcess
from deploy.local.stack.process_group import ProcessGroup

NOT_INHERITED = {
    "DATABASE_URL",
    "REDIS_URL",
    "BLOB_URL",
    "DISCORD_TOKEN",
    "DISCORD_GUILD",
    "METRICS_PORT",
}
"""Settings of a production service: with them the worker here would take that service's jobs."""

DISCORD_LINE = "local Discord: "
"""The prefix of the line in which the local Discord prints its address."""


class LocalStack(ProcessGroup):
    """All processes of the service, with their data and logs in one folder."""

    logs: Path

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self.folder = folder.resolve()
        inherited = {name: value for name, value in environ.items() if name not in NOT_INHERITED}
        own = {"MUTOSCOPE_HOME": str(self.folder), "PYTHONUNBUFFERED": "1"}
        super().__init__(inherited | own, self.folder / "logs")
        self.discord: ChildProcess | None = None
        self.bot: ChildProcess | None = None
        self.worker: ChildProcess | None = None
        self.page = ""

    async def start_all(self, *, port: int = 0, wire_log: Path | None = None) -> None:
        """Start everything; bot and worker are ready a little later.

        The page gets this port (0: any free one); wire_log records the local Discord's traffic.
        """
        self.start_redis(self.folder / "redis")
        await self.start_discord(port=port, wire_log=wire_log)
        await self.start_bot()
        await self.start_worker()

    async def start_discord(self, *, port: int = 0, wire_log: Path | None = None) -> None:
        """Start the local Discord and point the bot at it."""
        options = ["--port", str(port), "--state", str(self.folder / "discord")]
        if wire_log is not None:
            options += ["--record", str(wire_log)]
        self.discord = await self.start("discord", "deploy.local.discord", *options)
        self.page = (await self.discord.wait_for_line(DISCORD_LINE)).removeprefix(DISCORD_LINE)
        self.environ |= {
            "DISCORD_TOKEN": "local",
            "DISCORD_API_URL": f"{self.page}/api/v10",
            "DISCORD_GATEWAY_URL": f"{self.page}/gateway".replace("http", "ws", 1),
        }

    async def start_bot(self) -> None:
        """Start the bot."""
        self.bot = await self.start("bot", "bot")

    async def start_worker(self) -> None:
        """Start a worker."""
        self.worker = await self.start("worker", "gpu_worker")
