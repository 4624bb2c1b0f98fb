"""The command line makes clips without any Discord, over the same queue and workers."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.cli.local_user import OWNER
from deploy.local.clip_facts import measure
from deploy.local.demo import SAMPLES
from deploy.local.stack.local_stack import LocalStack
from deploy.local.stack.waiting import poll
from gpu_worker.media.clips.clip_frames import open_clip
from storage.database.connect import open_database
from storage.database.jobs import Jobs
from storage.domain.job import Status
from storage.settings import Settings
from tests.e2e.members import LONG, PATIENCE
from tests.e2e.stacks import FAKE
from tests.support.credentials.signing import valid_credentials
from tests.support.pictures.files import gradient, noise, saved

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(600)]

COFFEE, CHELSEA = SAMPLES / "coffee.jpg", SAMPLES / "chelsea.jpg"
PAIR = [str(COFFEE), str(CHELSEA)]
QUICK = ["--steps", "2", "--frames", "8"]


@dataclass(frozen=True)
class CommandResult:
    """The exit status and output of a command."""

    status: int | None
    output: str


def without_redis(home: Path) -> dict[str, str]:
    """Return the environment of a machine on which nothing runs."""
    environ = {name: value for name, value in os.environ.items() if name != "REDIS_URL"}
    return environ | {"MUTOSCOPE_HOME": str(home)}


async def start(environ: Mapping[str, str], *arguments: str | bytes) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot.cli", *arguments),
        env={"LANG": "en_US.UTF-8", **environ},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )


async def mutoscope(environ: Mapping[str, str], *arguments: str | bytes) -> CommandResult:
    process = await start(environ, *arguments)
    output, _ = await asyncio.wait_for(process.communicate(), PATIENCE)
    return CommandResult(process.returncode, output.decode())


async def test_pictures_and_prompts_become_clips_beside_a_running_bot(
    local_stack: LocalStack, tmp_path: Path
) -> None:
    arguments = ["animate", *PAIR, "--prompts", "zoom in,pan left", "-o", str(tmp_path), *QUICK]
    result = await mutoscope(local_stack.environ, *arguments, "--seed", "5")
    assert result.status == 0, result.output
    assert "2 of 2 clips made." in result.output
    for name, picture in (("coffee__1.mp4", COFFEE), ("chelsea__1.mp4", CHELSEA)):
        facts = measure(tmp_path / name, picture.read_bytes())
        assert (facts.codec, facts.frames) == ("h264", 8)
        assert facts.psnr > 18, facts
    again = await mutoscope(local_stack.environ, *arguments, "--seed", "5")
    assert again.output.count("from the cache") == 2, again.output
    large = await mutoscope(
        *(local_stack.environ, "upscale", str(tmp_path / "coffee__1.mp4"), "-o", str(tmp_path))
    )
    assert large.status == 0, large.output
    sizes = []
    for name in ("coffee__1.mp4", "coffee__1__finished.mp4"):
        data = (tmp_path / name).read_bytes()
        valid_credentials(data)
        with open_clip(data) as clip:
            sizes.append((clip.size, len(clip)))
    [((width, height), frames), finished] = sizes
    assert finished == ((2 * width, 2 * height), frames)


async def test_hints_on_a_picture_are_printed(local_stack: LocalStack, tmp_path: Path) -> None:
    frames = [gradient(2000, 300), noise(2000, 300)]
    strip = tmp_path / "strip.gif"
    strip.write_bytes(saved(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    arguments = ["animate", str(strip), "--prompt", "zoom in", "-o", str(tmp_path), *QUICK]
    result = await mutoscope(local_stack.environ, *arguments)
    assert result.status == 0, result.output
    assert "strip__1.mp4: The picture moves already" in result.output
    assert "strip__1.mp4: Only the middle of the picture is in the clip: 73 %" in result.output


async def test_it_starts_redis_and_a_worker_where_none_runs(tmp_path: Path) -> None:
    environ = without_redis(tmp_path / "home") | FAKE
    out = tmp_path / "out"
    result = await mutoscope(
        environ, "animate", PAIR[0], "--prompts", "zoom in", "-o", str(out), *QUICK
    )
    assert result.status == 0, result.output
    assert [path.name for path in out.iterdir()] == ["coffee__1.mp4"]
    report = await mutoscope(environ, "report")
    assert report.status == 0, report.output
    assert "finished: 1" in report.output


async def test_one_bad_picture_stops_no_other_and_no_name_or_prompt_does(
    local_stack: LocalStack, tmp_path: Path
) -> None:
    odd, bad, out = tmp_path / "caf\udce9 50%\n.jpg", tmp_path / "bad.heic", tmp_path / "out"
    odd.write_bytes(COFFEE.read_bytes())
    bad.write_bytes(b"no picture")
    environ = {**local_stack.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    pictures = (os.fsencode(odd), os.fsencode(bad), os.fsencode(CHELSEA))
    result = await mutoscope(
        environ, "animate", *pictures, "--prompt", "镜头拉远", "-o", os.fsencode(out), *QUICK
    )
    assert result.status == 1, result.output
    assert f"{bad}: That file is not a picture" in result.output
    assert "2 of 3 clips made." in result.output
    assert {path.name for path in out.iterdir()} == {"caf\udce9 50%\n__1.mp4", "chelsea__1.mp4"}


async def test_ctrl_c_cancels_unfinished_clips(local_stack: LocalStack, tmp_path: Path) -> None:
    long = ["--prompts", "zoom in", "--steps", str(LONG["steps"])]
    arguments = ["animate", PAIR[0], *long, "-o", str(tmp_path)]
    cancelled = (await counts(local_stack))[Status.CANCELLED]
    process = await start(local_stack.environ, *arguments)

    async def is_running() -> bool:
        return (await counts(local_stack))[Status.RUNNING] == 1

    await poll(is_running, PATIENCE, "the order to run")
    process.send_signal(signal.SIGINT)
    output, _ = await asyncio.wait_for(process.communicate(), PATIENCE)
    assert process.returncode == 130, output.decode()
    assert "Stopped; 1 clips were cancelled." in output.decode()
    assert (await counts(local_stack))[Status.CANCELLED] == cancelled + 1


async def counts(local_stack: LocalStack) -> Mapping[Status, int]:
    """Return the number of the command line's jobs by status."""
    settings = Settings.from_environment(local_stack.environ)
    engine = await open_database(settings.database_url)
    try:
        report = await Jobs(engine, settings.catalogue()).sums.of_person(OWNER, time.time())
    finally:
        await engine.dispose()
    return report.counts
