"""The whole worker as a process: it makes clips, and ends or recovers as it should."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import aiohttp
import cv2
import numpy as np
import pytest

from gpu_worker.media.picture import fit
from storage.domain.clip import Clip, Failure
from storage.domain.progress import Stage
from storage.queue.keys import lease_key
from storage.queue.messages.orders import AttemptState
from storage.queue.messages.outcomes import HANDED_BACK
from tests.support.credentials.signing import same_clip
from tests.support.prometheus import samples, scrape
from tests.support.queue_worker import put_text
from tests.support.worker_processes import ROOT, WorkerProcesses, alive, worker_processes

TICK = 0.1  # seconds; the kernel tells the start of a process, and its own, in hundredths


@pytest.fixture
async def workers(tmp_path: Path, redis_url: str) -> AsyncIterator[WorkerProcesses]:
    async with worker_processes(tmp_path, redis_url) as opened:
        yield opened


def frames_of(path: Path) -> list[np.ndarray[tuple[int, ...], np.dtype[np.uint8]]]:
    """Return a file's frames as OpenCV reads them, in RGB."""
    video, frames = cv2.VideoCapture(str(path)), []
    while (read := video.read())[0]:
        frames.append(np.asarray(read[1][..., ::-1], np.uint8))
    video.release()
    return frames


async def test_an_order_on_the_queue_becomes_a_clip(workers: WorkerProcesses) -> None:
    await workers.worker()
    order = await workers.order("slow pan right")
    moved = await workers.wait_for_step(order)
    assert (moved.progress.stage, moved.progress.steps) == (Stage.DENOISING, 4)
    clip = await workers.outcome(order)
    assert isinstance(clip, Clip)
    file = workers.folder / "clip.mp4"
    file.write_bytes(await workers.blobs.get(clip.blob))
    frames = frames_of(file)
    fitted = fit(await workers.blobs.get(order.request.picture), 64, 48).fitted
    assert len(frames) == 6
    opening = np.abs(frames[0].astype(float) - fitted).mean()
    assert opening < 8
    assert np.abs(frames[-1].astype(float) - frames[0]).mean() > 3 * opening
    assert await workers.queue.preview("job", 1)


async def test_a_killed_worker_leaves_no_child_and_the_clip_is_made_by_another(
    workers: WorkerProcesses,
) -> None:
    killed = await workers.worker()
    order = await workers.order("slow", steps=400)
    await workers.wait_for_step(order)
    children = killed.children
    assert len(children) == 2  # the engine, and the process that decodes pictures
    await killed.end(signal.SIGKILL)
    # The bot learns it from the lease, which expires within 15 s: not never, which is -1.
    assert -1 != await workers.queue._redis.pttl(lease_key(order.id)) <= 15_000
    async with asyncio.timeout(60):
        while any(map(alive, children)):  # noqa: ASYNC110 (a process's end has no event)
            await asyncio.sleep(0.01)
    await workers.worker()
    again = await workers.order("slow", attempt=2)
    clip = await workers.outcome(again)
    assert isinstance(clip, Clip)
    other = await workers.outcome(await workers.order("slow", job="undisturbed"))
    assert isinstance(other, Clip)
    assert await same_clip(clip, other, workers.blobs)


@pytest.mark.slow
async def test_the_lease_of_a_killed_worker_runs_out_within_15_seconds(
    workers: WorkerProcesses,
) -> None:
    worker = await workers.worker()
    order = await workers.order("slow", steps=400)
    await workers.wait_for_step(order)
    await worker.end(signal.SIGKILL)
    async with asyncio.timeout(16):
        state = partial(workers.queue.state, order.job, order.attempt, order.request.model)
        while await state() is not AttemptState.LOST:  # noqa: ASYNC110 (time is the test)
            await asyncio.sleep(0.1)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_an_idle_worker_stops_at_once(
    number: signal.Signals, workers: WorkerProcesses
) -> None:
    worker = await workers.worker()
    await worker.wait_for_log("is ready on")
    children = worker.children
    assert await asyncio.wait_for(worker.end(number), 60) == 0
    assert not [child for child in children if alive(child)]
    assert await workers.queue.workers() == 0


async def test_a_stopped_worker_finishes_its_clip(workers: WorkerProcesses) -> None:
    worker = await workers.worker(DRAIN_SECONDS="20")
    order = await workers.order("slow", steps=20)
    await workers.wait_for_step(order)
    assert await worker.end() == 0
    assert isinstance(await workers.outcome(order), Clip)


async def test_a_stopped_worker_hands_a_long_clip_back(workers: WorkerProcesses) -> None:
    worker = await workers.worker(DRAIN_SECONDS="0.1")
    order = await workers.order("slow", steps=400)
    await workers.wait_for_step(order)
    assert await asyncio.wait_for(worker.end(), 60) == 0
    assert await workers.outcome(order) == HANDED_BACK


async def test_a_cancelled_order_ends_and_the_next_one_starts(workers: WorkerProcesses) -> None:
    await workers.worker()
    order = await workers.order("slow", steps=400)
    await workers.wait_for_step(order)
    await workers.queue.cancel("job")
    assert await workers.outcome(order) == Failure("failed_cancelled", cancelled=True)
    assert isinstance(await workers.outcome(await workers.order("pan", job="next")), Clip)


@pytest.mark.parametrize("fault", ["crash", "broken"])
async def test_a_crash_of_the_engine_is_retryable_on_the_same_worker(
    fault: str, workers: WorkerProcesses
) -> None:
    worker = await workers.worker()
    failure = await workers.outcome(await workers.order(f"{fault} once"))
    assert failure == Failure("failed_worker_error", retryable=True)
    clip = await workers.outcome(await workers.order(f"{fault} once", attempt=2))
    assert isinstance(clip, Clip)
    assert worker.process.returncode is None


async def test_an_engine_that_ignores_a_cancel_is_replaced(workers: WorkerProcesses) -> None:
    await workers.worker(CANCEL_SECONDS="0.2")
    order = await workers.order("slow hang")
    await workers.wait_for_step(order, 1)
    await workers.queue.cancel("job")
    assert await workers.outcome(order) == Failure("failed_cancelled", cancelled=True)
    assert isinstance(await workers.outcome(await workers.order("pan", job="next")), Clip)


async def test_a_worker_without_a_model_exits_and_logs_why(workers: WorkerProcesses) -> None:
    worker = await workers.worker(ENGINE_FACTORY="tests.support.fake_engine:missing")
    assert await worker.process.wait() == 1
    assert "the model cannot be loaded: no weights here" in worker.log.read_text()


async def test_a_wrong_setting_is_logged_in_one_line(workers: WorkerProcesses) -> None:
    worker = await workers.worker(MODEL="no-such-model")
    assert await worker.process.wait() == 2
    assert worker.log.read_text().count("\n") == 1
    assert "MODEL=no-such-model" in worker.log.read_text()


async def test_a_missing_bucket_is_logged_in_one_line(
    workers: WorkerProcesses, s3_settings: dict[str, str]
) -> None:
    worker = await workers.worker(BLOB_URL="s3://nowhere")
    assert await worker.process.wait() == 2
    [line] = worker.log.read_text().splitlines()
    assert "BLOB_URL: s3://nowhere: there is no such bucket; create it" in line


async def test_metrics_and_health_are_served(workers: WorkerProcesses) -> None:
    worker = await workers.worker(METRICS_PORT="0")
    port = int((await worker.wait_for_log("metrics are at port")).rpartition(" ")[2])
    await workers.outcome(await workers.order("pan"))
    url = f"http://127.0.0.1:{port}"
    found = samples(await scrape(f"{url}/metrics"))
    async with aiohttp.ClientSession() as session, session.get(f"{url}/healthz") as answer:
        assert (answer.status, await answer.text()) == (200, "ready\n")
    assert found["mutoscope_worker_jobs_total{outcome=clip}"] == 1
    assert found["mutoscope_worker_engine_ready"] == 1


async def test_a_worker_is_ready_only_while_its_engines_process_has_the_model(
    workers: WorkerProcesses,
) -> None:
    hold = workers.folder / "hold"
    worker = await workers.worker(METRICS_PORT="0", FAKE_ENGINE_HOLD=str(hold))
    port = int((await worker.wait_for_log("metrics are at port")).rpartition(" ")[2])
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session:

        async def wait_for(status: int) -> None:
            while True:
                async with session.get("/readyz") as answer:
                    if answer.status == status:
                        return
                await asyncio.sleep(0.01)

        await wait_for(200)
        hold.touch()
        os.kill(worker.engine, signal.SIGKILL)
        await wait_for(503)
        async with session.get("/healthz") as answer:
            assert (answer.status, await answer.text()) == (200, "loading\n")
        hold.unlink()
        await wait_for(200)


async def test_every_line_of_a_json_log_is_json_and_names_its_job(workers: WorkerProcesses) -> None:
    worker = await workers.worker(LOG_FORMAT="json", LOG_LEVEL="DEBUG")
    for job, prompt in (("one", "warn tulips"), ("two", "broken tulips"), ("six", "crash tulips")):
        await workers.outcome(await workers.order(prompt, job=job))
    await put_text(workers.queue, "bad.1", "{}")
    await worker.wait_for_log("could not be read")
    assert await worker.end() == 0
    text = worker.log.read_text()
    assert "tulips" not in text
    jobs: dict[str | None, list[str]] = {}
    for line in text.splitlines():
        record = json.loads(line)
        assert {"time", "level", "logger", "message"} <= set(record)
        jobs.setdefault(record.get("job"), []).append(record["message"])
    assert set(jobs) == {None, "one", "two", "six", "bad"}
    assert "attempt 1 begins" in jobs["one"]
    assert "a warning in\ntwo lines" in jobs["one"]
    assert "a bare line" in jobs["one"]
    assert [message for message in jobs["one"] if "UserWarning: old" in message]
    assert "attempt 1 failed: failed_worker_error" in jobs["two"]
    assert "about to crash" in jobs["six"]
    assert "Fatal Python error: Segmentation fault" in jobs["six"]
    assert [message for message in jobs[None] if "takes orders" in message]


async def test_an_idle_worker_may_end_by_itself(workers: WorkerProcesses) -> None:
    worker = await workers.worker(IDLE_EXIT_SECONDS="0.01")
    assert await worker.process.wait() == 0
    lines = worker.log.read_text()
    assert 0 < lines.find("is ready on") < lines.find("no order for")  # loading is no idle time


async def test_a_worker_is_billed_from_its_start_to_its_end(workers: WorkerProcesses) -> None:
    began = time.monotonic()
    worker = await workers.worker(IDLE_EXIT_SECONDS="1", GPU_OFFER="some card")
    assert await worker.process.wait() == 0
    lived = time.monotonic() - began
    [life] = await workers.queue.lives()
    assert (life.ended, life.offer) == (True, "some card")
    assert life.start_seconds > 0.0
    assert life.start_seconds + 0.99 <= life.seconds <= lived + TICK


def test_the_parent_process_imports_no_torch() -> None:
    code = "import gpu_worker.__main__, sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


async def test_a_killed_engine_costs_only_the_clip_that_was_in_it(workers: WorkerProcesses) -> None:
    worker = await workers.worker()
    order = await workers.order("slow", steps=400)
    await workers.wait_for_step(order)
    waiting = await workers.order("slow", job="waiting")
    while await workers.queue.state("waiting", 1, "embedded") is not AttemptState.RUNNING:
        await workers.wait_for_step(order)
    os.kill(worker.engine, signal.SIGKILL)
    assert await workers.outcome(order) == Failure("failed_worker_error", retryable=True)
    assert isinstance(await workers.outcome(waiting), Clip)
