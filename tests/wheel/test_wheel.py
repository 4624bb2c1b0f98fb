"""The wheel alone, in an empty folder, is the whole service."""

from __future__ import annotations

import asyncio
import os
import subprocess
import zipfile
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from deploy.local.clip_facts import measure
from deploy.local.demo import PICTURE
from deploy.local.discord.member.client import MemberClient
from deploy.local.stack.child_process import ChildProcess
from deploy.local.stack.local_stack import LocalStack
from tests.e2e.members import PATIENCE, order_clip
from tests.wheel.installation import ROOT, build_wheel, install

pytestmark = pytest.mark.timeout(600)

FOR_OPERATORS = tuple(
    f"deploy/{name}"
    for name in ("Dockerfile.", "chart/", "compose.yaml", "constraints.txt", "monitoring/")
)
"""What describes the service's surroundings and is read by no process of it."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def bot(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel without extras; return its folder of commands."""
    return install(wheel, tmp_path_factory.mktemp("bot") / "environment")


def test_it_holds_every_file_of_the_packages(wheel: Path) -> None:
    command = ["git", "ls-files", "bot", "gpu_worker", "storage", "deploy"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    needed = {name for name in listed.stdout.split() if not name.startswith(FOR_OPERATORS)}
    assert len(needed) > 300
    with zipfile.ZipFile(wheel) as archive:
        assert needed - set(archive.namelist()) == set()
        assert archive.read("storage/generation.yaml") == (ROOT / "generation.yaml").read_bytes()


async def run(command: Path, *arguments: str, environ: Mapping[str, str], home: Path) -> str:
    """Run a command in a folder to its end; return its output after its exit status."""
    process = await asyncio.create_subprocess_exec(
        *(str(command), *arguments),
        env={"LANG": "en_US.UTF-8", **environ},
        cwd=home,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await asyncio.wait_for(process.communicate(), PATIENCE)
    return f"{process.returncode}: {output.decode()}"


async def test_bot_worker_and_command_run_from_it_in_an_empty_folder(
    wheel: Path, bot: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = install(wheel, tmp_path / "worker", "worker")
    home = tmp_path / "empty"
    home.mkdir()
    without = await run(bot / "python", "-c", "import torch", environ={}, home=home)
    assert "No module named 'torch'" in without  # nor anything else that the bot does not ask for
    async with LocalStack(tmp_path / "stack", os.environ) as stack, AsyncExitStack() as running:
        stack.start_redis(tmp_path / "redis")
        await stack.start_discord()
        monkeypatch.chdir(home)  # which the processes inherit
        stack.environ.pop("PYTHONPATH", None)
        commands = {"bot": bot / "mutoscope-bot", "worker": worker / "mutoscope-worker"}
        for name, command in commands.items():
            log = tmp_path / f"{name}.log"
            child = await ChildProcess.start(name, [str(command)], stack.environ, log)
            running.push_async_callback(child.stop)
        async with MemberClient(stack.page) as member:
            await asyncio.wait_for(member.wait_for_command("animate"), PATIENCE)
            clip = await order_clip(member)
        assert measure(clip.save(tmp_path), PICTURE.read_bytes()).frames == 8
        options = ("--prompt", "pan left", "--steps", "2", "--frames", "8", "-o", "out")
        made = await run(
            *(bot / "mutoscope", "animate", str(PICTURE), *options),
            environ=stack.environ,
            home=home,
        )
        assert made.startswith("0: "), made
        assert measure(home / "out" / "astronaut__1.mp4", PICTURE.read_bytes()).frames == 8


async def test_the_command_without_a_worker_says_what_to_install(bot: Path, tmp_path: Path) -> None:
    environ = {"PATH": os.environ["PATH"], "MUTOSCOPE_HOME": str(tmp_path / "home")}
    ended = await run(
        *(bot / "mutoscope", "animate", str(PICTURE), "--prompt", "zoom in", "-o", "out"),
        environ=environ,
        home=tmp_path,
    )
    assert ended.startswith("1: "), ended
    assert "pip install 'mutoscope[worker,local]'" in ended
    assert "Traceback" not in ended
