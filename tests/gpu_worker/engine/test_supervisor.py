"""The child process is cancelled, crashes and hangs, and is always replaced."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from gpu_worker.engine import supervisor
from gpu_worker.engine.api import Cancelled, OnProgress, OutOfMemory, Result
from gpu_worker.engine.child import DownloadReport
from gpu_worker.engine.connection import EngineDied, EngineTimeouts, NotLoaded
from gpu_worker.engine.messages import Downloading, EngineSpec
from gpu_worker.engine.supervisor import EngineProcess
from gpu_worker.media.picture import Canvas
from storage.domain.errors import GenerationFailed
from storage.domain.progress import Progress, Stage
from storage.domain.request import GenerationRequest
from tests.support.fake_engine import PREVIEW, pan

FAKE = "tests.support.fake_engine:create"
CANVAS = Canvas(
    np.random.default_rng(1).integers(0, 255, (900, 1200, 3), np.uint8), (0, 0, 1200, 900), (64, 48)
)


def request_for(prompt: str = "pan right", steps: int = 5, seed: int = 3) -> GenerationRequest:
    return GenerationRequest("0" * 64, prompt, "fake", 64, 48, 4, 8, steps, 1.0, seed)


@asynccontextmanager
async def engine(
    cancel: float = 5.0, silence: float = 30.0, compiling: float = 300.0, **arguments: str
) -> AsyncIterator[EngineProcess]:
    timeouts = EngineTimeouts(cancel, silence, compiling=compiling)
    process = EngineProcess(EngineSpec(FAKE, arguments), timeouts)
    process.start()
    try:
        yield process
    finally:
        await process.stop()


async def made(process: EngineProcess, prompt: str = "pan right", **rest: int) -> Result:
    return await process.generate(request_for(prompt, **rest), CANVAS, ignore, asyncio.Event())


def ignore(progress: Progress, preview: bytes | None) -> None:
    """Take an update and do nothing."""


async def test_a_clip_is_made_in_another_process() -> None:
    updates: list[tuple[Progress, bytes | None]] = []
    async with engine() as process:
        ready = await process.warm()
        assert (ready.name, ready.device) == ("fake", "cpu")
        result = await process.generate(
            request_for(), CANVAS, lambda *update: updates.append(update), asyncio.Event()
        )
        assert process.pid not in (None, os.getpid())
    assert np.array_equal(result.array, pan(request_for(), CANVAS))
    assert [progress.step for progress, _ in updates] == [1, 2, 3, 4, 5, 0]
    assert updates[-1][0].stage is Stage.DECODING
    assert [preview for _, preview in updates if preview] == [PREVIEW]


async def test_an_order_may_come_before_the_engine_is_loaded() -> None:
    async with engine() as process:
        assert process.engine is None
        assert (await made(process)).seed == 3


async def test_a_cancel_stops_the_clip_and_keeps_the_child() -> None:
    cancelled = asyncio.Event()

    def cancel_at_third(progress: Progress, preview: bytes | None) -> None:
        steps.append(progress.step)
        if progress.step == 3:
            cancelled.set()

    steps: list[int] = []
    async with engine() as process:
        await process.warm()
        pid = process.pid
        with pytest.raises(Cancelled):
            await process.generate(request_for("slow", 500), CANVAS, cancel_at_third, cancelled)
        assert steps[-1] < 500
        assert (await made(process)).seed == 3
        assert (process.pid, process.restarts) == (pid, 0)


async def test_a_cancel_before_the_engine_is_loaded_is_obeyed() -> None:
    cancelled = asyncio.Event()
    cancelled.set()
    async with engine() as process:
        with pytest.raises(Cancelled):
            await process.generate(request_for(), CANVAS, ignore, cancelled)


async def test_a_child_that_ignores_a_cancel_is_killed_and_replaced() -> None:
    cancelled = asyncio.Event()
    async with engine(cancel=0.2) as process:
        await process.warm()
        pid = process.pid
        order = process.generate(request_for("hang"), CANVAS, lambda *_: cancelled.set(), cancelled)
        with pytest.raises(Cancelled):
            await order
        assert (await made(process)).seed == 3
        assert process.pid != pid


def cancelling_compile(cancelled: asyncio.Event) -> OnProgress:
    """Return what cancels an order as soon as layers are compiled for it."""

    def on_progress(progress: Progress, preview: bytes | None) -> None:
        if progress.stage is Stage.COMPILING:
            cancelled.set()

    return on_progress


async def test_a_child_that_compiles_may_take_longer_to_obey_a_cancel() -> None:
    cancelled = asyncio.Event()
    async with engine(cancel=0.01) as process:
        await process.warm()
        pid = process.pid
        request = request_for("compile")
        with pytest.raises(Cancelled):
            await process.generate(request, CANVAS, cancelling_compile(cancelled), cancelled)
        assert (await made(process)).seed == 3
        assert (process.pid, process.restarts) == (pid, 0)


async def test_a_compilation_without_an_end_is_killed() -> None:
    cancelled = asyncio.Event()
    async with engine(cancel=0.01, compiling=0.01) as process:
        await process.warm()
        pid = process.pid
        request = request_for("compile hang")
        with pytest.raises(Cancelled):
            await process.generate(request, CANVAS, cancelling_compile(cancelled), cancelled)
        assert (await made(process)).seed == 3
        assert process.pid != pid


async def test_a_child_that_hangs_is_killed() -> None:
    async with engine(silence=0.5) as process:
        with pytest.raises(EngineDied, match=r"silent for 0\.5 s"):
            await made(process, "hang")
        assert (await made(process)).seed == 3


async def test_a_child_that_crashes_is_replaced_and_its_last_output_kept() -> None:
    async with engine() as process:
        with pytest.raises(EngineDied, match="Fatal Python error: Segmentation fault"):
            await made(process, "crash")
        assert (await made(process)).seed == 3
        assert process.restarts == 1


async def test_a_child_that_is_killed_while_idle_is_replaced() -> None:
    async with engine() as process:
        await process.warm()
        first = process.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        while process.pid == first:  # noqa: ASYNC110 (a process's end has no event)
            await asyncio.sleep(0.01)
        assert (await made(process)).seed == 3


async def test_an_unforeseen_error_replaces_the_child() -> None:
    async with engine() as process:
        with pytest.raises(EngineDied, match="illegal memory access"):
            await made(process, "broken")
        assert (await made(process)).seed == 3
        assert process.restarts == 1


async def test_out_of_memory_and_refusals_leave_the_child_alive() -> None:
    async with engine() as process:
        with pytest.raises(OutOfMemory, match="smallest settings"):
            await made(process, "oom")
        with pytest.raises(GenerationFailed) as caught:
            await made(process, "refuse")
        assert caught.value.key == "failed_refused"
        assert caught.value.parameters == {"reason": "asked to"}
        assert (await made(process)).seed == 3
        assert process.restarts == 0


async def test_an_order_that_is_given_up_does_not_disturb_the_next() -> None:
    started, steps = asyncio.Event(), list[int]()

    def note(progress: Progress, preview: bytes | None) -> None:
        steps.append(progress.step)
        started.set()

    async with engine() as process:
        long = request_for("slow", 500)
        order = asyncio.create_task(process.generate(long, CANVAS, note, asyncio.Event()))
        await started.wait()
        order.cancel()
        await asyncio.gather(order, return_exceptions=True)
        assert (await made(process, seed=9)).seed == 9
        assert steps[-1] < 500


@pytest.mark.parametrize("load", ["missing", "crash"])
async def test_an_engine_that_cannot_be_loaded_raises_not_loaded(load: str) -> None:
    async with engine(load=load) as process:
        with pytest.raises(NotLoaded):
            await process.warm()
        with pytest.raises(NotLoaded):
            await made(process)


async def test_a_load_that_failed_for_a_passing_reason_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(supervisor, "PAUSES", (0.01,))
    async with engine(load="later", marker=str(tmp_path / "marker")) as process:
        assert (await made(process)).seed == 3
        assert process.restarts == 1
    assert "the engine is not loaded yet: the hub is away; trying again in 0.01 s" in caplog.text


async def test_a_reason_that_does_not_pass_in_time_is_final(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(supervisor, "PAUSES", (0.01, 9.0))
    async with engine(load="never") as process:
        process._timeouts = EngineTimeouts(loading=1.0)
        with pytest.raises(NotLoaded, match="the hub is away"):
            await process.warm()
        assert "the hub is away" in str(await process.wait_until_broken())


async def test_a_pause_between_two_loads_ends_with_the_worker(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pausing = asyncio.Event()
    monkeypatch.setattr(supervisor, "PAUSES", (500.0,))
    monkeypatch.setattr(supervisor.log, "warning", lambda *_: pausing.set())
    async with engine(load="never") as process:
        await pausing.wait()
        await process.stop()


async def test_who_waits_hears_of_a_download() -> None:
    heard: list[Downloading] = []
    async with engine(load="download") as process:
        await process.ready(asyncio.Event(), heard.append)
        await process.ready(asyncio.Event())
    assert heard[-1] == Downloading(3 << 20, 3 << 20)


def test_a_download_is_reported_often_enough_and_no_more() -> None:
    now, sent = [0.0], list[Downloading]()
    report = DownloadReport(sent.append, lambda: now[0])
    for megabyte in range(101):
        now[0] += 0.125
        report(megabyte << 20, 100 << 20)
    assert [one.done >> 20 for one in sent] == [*range(0, 101, 4)]


async def test_the_event_loop_goes_on_while_a_clip_is_made() -> None:
    cancelled = asyncio.Event()
    async with engine() as process:
        await process.warm()
        long = request_for("slow", 500)
        order = asyncio.create_task(process.generate(long, CANVAS, ignore, cancelled))
        for _ in range(50):
            await asyncio.sleep(0.005)
            assert not order.done()
        cancelled.set()  # nobody would, were the event loop blocked
        with pytest.raises(Cancelled):
            await order


PARENT = """
import asyncio, sys
from gpu_worker.engine.messages import EngineSpec
from gpu_worker.engine.supervisor import EngineProcess
assert "torch" not in sys.modules
async def main():
    process = EngineProcess(EngineSpec("tests.support.fake_engine:create"))
    process.start()
    await process.warm()
    print(process.pid, flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""


def test_a_killed_worker_leaves_no_child() -> None:
    root = Path(__file__).parents[3]
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True, cwd=root
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
    for _ in range(500):
        if not alive(child):
            return
        time.sleep(0.01)
    pytest.fail("the child outlived its parent")


def alive(pid: int) -> bool:
    try:
        return " Z " not in Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
