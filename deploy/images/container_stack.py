"""The service out of its images, the page too, beside a Redis and a local Discord on the host."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from deploy.images.container_tool import ContainerTool
from deploy.images.image import BOT, CPU_WORKER, WEB, Image
from deploy.local.stack.child_process import ChildProcess
from deploy.local.stack.local_stack import LocalStack
from deploy.local.stack.ports import free_port
from deploy.local.stack.redis_server import start_redis
from deploy.local.stack.waiting import poll

FOR_CONTAINERS = ("DISCORD_TOKEN", "DISCORD_API_URL", "DISCORD_GATEWAY_URL", "REDIS_URL")
USER_HEADER = "X-Remote-User"
"""In which the page is told who somebody is, from this machine."""
HEALTHY_SECONDS = 180.0
UNHEALTHY_SECONDS = 60.0


class UnhealthyContainer(Exception):
    """A container does not keep what its image promises; the message says which and what."""


class ContainerStack(LocalStack):
    """A local stack whose bot, worker and page are containers; they share one volume."""

    def __init__(self, folder: Path, tool: ContainerTool) -> None:
        """Run the images that the tool has built."""
        super().__init__(folder, os.environ)
        self._tool = tool
        self._images: dict[str, Image] = {}
        self.web: ChildProcess | None = None

    def start_redis(self, folder: Path) -> str:
        """Start Redis at a port: its socket belongs to this process's user, not to the images'."""
        if self.redis is None:
            self.redis = start_redis(folder, port=free_port())
            self.environ["REDIS_URL"] = self.redis.url
        return self.redis.url

    async def start_bot(self) -> None:
        """Run the bot's image."""
        self.bot = await self.start_command("bot", self._command("bot", BOT))

    async def start_worker(self) -> None:
        """Run the worker's image."""
        self.worker = await self.start_command("worker", self._command("worker", CPU_WORKER))

    async def start_web(self) -> str:
        """Run the page's image beside the bot, on the same database; return its address."""
        port = str(free_port())
        settings = {
            **{"WEB_PORT": port, "WEB_USER_HEADER": USER_HEADER},
            **{"WEB_TRUSTED_PROXIES": "127.0.0.1", "REDIS_URL": self.environ["REDIS_URL"]},
        }
        self.web = await self.start_command("web", self._command("web", WEB, settings))
        await poll(partial(self._healthy, "web"), HEALTHY_SECONDS, "the health of the page")
        return f"http://127.0.0.1:{port}/"

    async def check_health(self) -> None:
        """Wait until all health checks succeed; raise TimeoutError."""
        for name in self._images:
            await poll(partial(self._healthy, name), HEALTHY_SECONDS, f"the health of {name}")

    async def check_without_discord(self) -> None:
        """Stop Discord, and wait until the bot's health check fails; raise TimeoutError."""

        async def unhealthy() -> bool:
            return not await self._healthy("bot")

        if self.discord is not None:
            await self.discord.stop()
        await poll(unhealthy, UNHEALTHY_SECONDS, "the bot's health check to fail without Discord")

    def check_written_files(self) -> None:
        """Raise UnhealthyContainer where a container wrote outside of its volumes."""
        for name in self._images:
            if written := self._tool.written_files(name):
                raise UnhealthyContainer(f"{name} is not read-only: {', '.join(written[:5])}")

    async def _healthy(self, name: str) -> bool:
        command = self._tool.health_command(self._images[name], name)
        check = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
        )
        return await check.wait() == 0

    def _command(
        self, name: str, image: Image, settings: Mapping[str, str] | None = None
    ) -> list[str]:
        self._images[name] = image
        chosen = settings or {variable: self.environ[variable] for variable in FOR_CONTAINERS}
        return self._tool.run_command(image, name, {**chosen, "METRICS_PORT": str(free_port())})
