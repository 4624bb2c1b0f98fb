"""The command line starts a worker for the model that it needs, and says where there is none."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from bot.cli import sidecar
from bot.cli.animate import Plan
from bot.cli.invocation import Invocation
from bot.cli.local_user import local_user
from bot.cli.orders.order_plan import plan, plan_extension
from bot.cli.progress_bar import ProgressBar
from bot.cli.run import ClipRun
from bot.cli.sidecar import open_sidecar
from bot.studio.options import Options
from tests.bot.studio.library.test_reuse import REQUEST, file_of
from tests.support.backend import Backend, open_backend, png, until
from tests.support.catalogue.two_models import TWIN, write_two_models

STAND_IN = "import os, sys\nprint('redis:', os.environ['MODEL'], flush=True)\nsys.stdin.read()\n"


@pytest.fixture
async def backend(tmp_path: Path, redis_url: str, mp4: bytes) -> AsyncIterator[Backend]:
    file = write_two_models(tmp_path)
    async with open_backend(
        *(tmp_path, redis_url, mp4), models=TWIN, generation_file=file
    ) as opened:
        yield opened


@pytest.fixture
def environ(tmp_path: Path, redis_url: str) -> Mapping[str, str]:
    """The settings of a command, and a module that stands in for Redis and worker."""
    (tmp_path / "stand_in.py").write_text(STAND_IN)
    return {
        "GENERATION_FILE": str(write_two_models(tmp_path)),
        "MODELS": TWIN,
        "HARDWARE_PROFILE": "cpu",
        "REDIS_URL": redis_url,
        "MUTOSCOPE_HOME": str(tmp_path),
        "PYTHONPATH": str(tmp_path),
    }


def invocation(tmp_path: Path, environ: Mapping[str, str], *flags: str) -> Invocation:
    picture = tmp_path / "a.png"
    Image.radial_gradient("L").save(picture)
    return Invocation.read(["animate", str(picture), "--prompt", "zoom in", *flags], environ)


async def test_a_worker_is_started_for_the_model_that_nobody_serves(
    backend: Backend, tmp_path: Path, environ: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sidecar, "MODULE", "stand_in")
    command = invocation(tmp_path, environ, "--model", TWIN)
    url = command.settings.redis_url
    assert await model_of(command) == TWIN
    worker = command.worker_environ(TWIN)
    async with backend.running_worker():
        await until(lambda: serves(backend, "embedded"))
        async with open_sidecar(url, worker, TWIN) as started:
            assert (started.redis_url, started.process is not None) == (TWIN, True)
        async with open_sidecar(url, environ, "embedded") as found:
            assert (found.redis_url, found.process) == (url, None)


async def model_of(command: Invocation, planned: Plan = plan) -> str:
    [clip], _ = planned(command)
    return await clip.model(command)


async def test_a_clip_like_another_is_made_by_the_model_of_that(
    tmp_path: Path, environ: Mapping[str, str]
) -> None:
    like = tmp_path / "like.mp4"
    like.write_bytes(file_of(replace(REQUEST, model=TWIN)))
    assert await model_of(invocation(tmp_path, environ, "--like", str(like))) == TWIN
    named = ("--like", str(like), "--model", "embedded")
    assert await model_of(invocation(tmp_path, environ, *named)) == "embedded"


async def test_what_goes_on_from_a_clip_is_made_by_the_model_of_that(
    backend: Backend, tmp_path: Path, environ: Mapping[str, str]
) -> None:
    parent = await backend.studio.orders.submit(
        local_user("en"), png(), Options("zoom in", model=TWIN)
    )
    for clip, words, model in (
        (parent.id, [], TWIN),
        (parent.id, ["--model", "embedded"], "embedded"),
        ("0123456789abcdef", [], "embedded"),
    ):
        command = Invocation.read(["extend", clip, *words], environ)
        assert await model_of(command, plan_extension) == model


async def serves(backend: Backend, model: str) -> bool:
    return bool((await backend.queue.workers_by_model())[model])


async def test_a_clip_of_a_model_that_nobody_serves_is_told(
    backend: Backend, tmp_path: Path, environ: Mapping[str, str]
) -> None:
    command = invocation(tmp_path, environ, "--model", TWIN)
    clips, faults = plan(command)
    assert faults == []
    for served, told in (("embedded", True), (TWIN, False)):
        out = io.StringIO()
        run = ClipRun(backend.studio, command, ProgressBar(1, out), served)
        await run._order(clips[0])
        assert ("no worker for the model twin runs now" in out.getvalue()) is told
        assert await run.cancel() == 1
