"""The Dockerfiles: linted, unprivileged, without secrets, and with health checks that can fail."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bot.health import Readiness
from bot.metrics import BotMetrics
from deploy.local.stack.ports import free_port
from gpu_worker.metrics import WorkerMetrics
from tests.support.backend import open_backend

FILES = {name: Path(f"deploy/Dockerfile.{name}") for name in ("bot", "worker")}


def instructions(name: str) -> list[str]:
    """Return a Dockerfile's instructions, each on one line, without comments."""
    text = FILES[name].read_text("utf-8")
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    return re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines()


def health_command(name: str) -> list[str]:
    """Return the command of a Dockerfile's health check."""
    [line] = [line for line in instructions(name) if line.startswith("HEALTHCHECK")]
    command: list[str] = json.loads(line.partition(" CMD ")[2])
    return command


async def healthy(name: str, port: int) -> bool:
    """Run the health check as a container does."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, *health_command(name)[1:]),
        env={"METRICS_PORT": str(port)},
        stderr=asyncio.subprocess.DEVNULL,
    )
    return await process.wait() == 0


@pytest.mark.parametrize("name", FILES)
def test_hadolint_finds_nothing(name: str) -> None:
    hadolint = shutil.which("hadolint", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    assert hadolint is not None
    ended = subprocess.run(
        [hadolint, str(FILES[name])], check=False, capture_output=True, text=True
    )
    assert (ended.returncode, ended.stdout) == (0, "")


@pytest.mark.parametrize("name", FILES)
def test_an_image_runs_unprivileged_and_holds_no_secret(name: str) -> None:
    lines = instructions(name)
    last_stage = lines[max(at for at, line in enumerate(lines) if line.startswith("FROM")) :]
    assert "USER 10001:10001" in last_stage
    assert [
        line for line in lines if re.match(r"(ENV|ARG).*(TOKEN|SECRET|PASSWORD|KEY)", line)
    ] == []
    installs = [line for line in lines if " install " in line and "/bin/pip" in line]
    assert installs
    for line in installs:
        assert line.startswith("RUN --mount=type=secret,id=pip,target=/etc/pip.conf")
    assert not [line for line in last_stage if "/bin/pip" in line or line.startswith("COPY .")]


async def test_the_bots_health_check_fails_without_its_gateway(
    tmp_path: Path, redis_url: str
) -> None:
    connected, port = asyncio.Event(), free_port()
    async with open_backend(tmp_path, redis_url, b"") as backend:
        readiness = Readiness(backend.jobs, backend.queue, connected.is_set)
        assert health_command("bot")[0] == "python"
        assert not await healthy("bot", port)
        metrics = BotMetrics(backend.jobs, backend.queue, set(), backend.scaling())
        runner = await metrics.serve(port, readiness.serve)
        assert not await healthy("bot", port)
        connected.set()
        assert await healthy("bot", port)
        await runner.cleanup()


class EngineProcessStub:
    """An engine's process, as far as a worker's health goes."""

    restarts = 0
    broken: Exception | None = None
    engine: object | None = "loaded"


async def test_the_workers_health_check_fails_while_its_engines_process_is_gone() -> None:
    engine, port = EngineProcessStub(), free_port()
    assert health_command("worker")[0] == "python"
    assert not await healthy("worker", port)
    runner = await WorkerMetrics(engine).serve(port)
    assert await healthy("worker", port)
    engine.engine = None
    assert not await healthy("worker", port)
    await runner.cleanup()
