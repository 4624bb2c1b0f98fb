"""The whole worker as a process of its own: orders in, clips out, whatever is done to it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import cv2
import numpy as np
import pytest

from gpu_worker.media.picture import fit
from storage.domain.clip import Clip, Failure
from storage.domain.progress import Stage
from storage.queue.messages import HANDED_BACK, QUEUE, TASK, AttemptState, lease_key
from tests.support.prometheus import samples, scrape
from tests.support.worker_processes import ROOT, Workshop, alive, workshop

pytestmark = pytest.mark.timeout(90)


@pytest.fixture
async def shop(tmp_path: Path, redis_url: str) -> AsyncIterator[Workshop]:
    async with workshop(tmp_path, redis_url) as opened:
        yield opened


def frames_of(path: Path) -> list[np.ndarray[tuple[int, ...], np.dtype[np.uint8]]]:
    """Return a file's frames as OpenCV reads them, in RGB."""
    video, frames = cv2.VideoCapture(str(path)), []
    while (read := video.read())[0]:
        frames.append(np.asarray(read[1][..., ::-1], np.uint8))
    video.release()
    return frames


async def test_an_order_on_the_queue_becomes_a_clip(shop: Workshop) -> None:
    await shop.worker()
    order = await shop.order("slow pan right")
    moved = await shop.moved(order)
    assert (moved.progress.stage, moved.progress.steps) == (Stage.DENOISING, 4)
    clip = await shop.outcome(order)
    assert isinstance(clip, Clip)
    file = shop.folder / "clip.mp4"
    file.write_bytes(await shop.blobs.get(clip.blob))
    frames = frames_of(file)
    fitted = fit(await shop.blobs.get(order.request.picture), 64, 48).fitted
    assert len(frames) == 6
    opening = np.abs(frames[0].astype(float) - fitted).mean()
    assert opening < 8
    assert np.abs(frames[-1].astype(float) - frames[0]).mean() > 3 * opening
    assert await shop.queue.preview("job", 1)


async def test_kill_9_in_mid_clip_leaves_no_orphan_and_the_clip_comes_all_the_same(
    shop: Workshop,
) -> None:
    doomed = await shop.worker()
    order = await shop.order("slow", steps=400)
    await shop.moved(order)
    children = doomed.children
    assert len(children) == 1
    await doomed.end(signal.SIGKILL)
    async with asyncio.timeout(5):
        while alive(children[0]):  # noqa: ASYNC110 (the death is the kernel's to tell)
            await asyncio.sleep(0.01)
    # The lease is what tells the bot; it ends by itself within 15 s.
    assert 0 < await shop.queue._redis.pttl(lease_key(order.id)) <= 15_000
    await shop.worker()
    again = await shop.order("slow", attempt=2)
    clip = await shop.outcome(again)
    assert isinstance(clip, Clip)
    other = await shop.outcome(await shop.order("slow", job="undisturbed"))
    assert isinstance(other, Clip)
    assert clip.blob == other.blob


@pytest.mark.slow
async def test_the_lease_of_a_killed_worker_runs_out_within_15_seconds(shop: Workshop) -> None:
    worker = await shop.worker()
    order = await shop.order("slow", steps=400)
    await shop.moved(order)
    await worker.end(signal.SIGKILL)
    async with asyncio.timeout(16):
        while await shop.queue.state(order.job, order.attempt) is not AttemptState.LOST:  # noqa: ASYNC110 (time is the test)
            await asyncio.sleep(0.1)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_an_idle_worker_stops_at_once(number: signal.Signals, shop: Workshop) -> None:
    worker = await shop.worker()
    await worker.says("is ready on")
    children = worker.children
    assert await asyncio.wait_for(worker.end(number), 5) == 0
    assert not [child for child in children if alive(child)]
    assert await shop.queue.workers() == 0


async def test_a_stopped_worker_finishes_the_clip_at_hand(shop: Workshop) -> None:
    worker = await shop.worker(DRAIN_SECONDS="20")
    order = await shop.order("slow", steps=20)
    await shop.moved(order)
    assert await worker.end() == 0
    assert isinstance(await shop.outcome(order), Clip)


async def test_a_stopped_worker_hands_a_long_clip_back(shop: Workshop) -> None:
    worker = await shop.worker(DRAIN_SECONDS="0.1")
    order = await shop.order("slow", steps=400)
    await shop.moved(order)
    assert await asyncio.wait_for(worker.end(), 10) == 0
    assert await shop.outcome(order) == HANDED_BACK


async def test_a_cancelled_order_ends_and_the_next_one_starts(shop: Workshop) -> None:
    await shop.worker()
    order = await shop.order("slow", steps=400)
    await shop.moved(order)
    await shop.queue.cancel("job")
    assert await shop.outcome(order) == Failure("failed_cancelled", cancelled=True)
    assert isinstance(await shop.outcome(await shop.order("pan", job="next")), Clip)


@pytest.mark.parametrize("fault", ["crash", "broken"])
async def test_a_crash_of_the_engine_is_retryable_on_the_same_worker(
    fault: str, shop: Workshop
) -> None:
    worker = await shop.worker()
    failure = await shop.outcome(await shop.order(f"{fault} once"))
    assert failure == Failure("failed_worker_error", retryable=True)
    clip = await shop.outcome(await shop.order(f"{fault} once", attempt=2))
    assert isinstance(clip, Clip)
    assert worker.process.returncode is None


async def test_a_deaf_engine_is_replaced_when_its_clip_is_cancelled(shop: Workshop) -> None:
    await shop.worker(CANCEL_SECONDS="0.2")
    order = await shop.order("slow hang")
    await shop.moved(order, 1)
    await shop.queue.cancel("job")
    assert await shop.outcome(order) == Failure("failed_cancelled", cancelled=True)
    assert isinstance(await shop.outcome(await shop.order("pan", job="next")), Clip)


async def test_a_worker_without_a_model_ends_and_says_why(shop: Workshop) -> None:
    worker = await shop.worker(ENGINE_FACTORY="tests.support.fake_engine:missing")
    assert await worker.process.wait() == 1
    assert "FileNotFoundError: no weights here" in worker.log.read_text()


async def test_a_wrong_setting_is_told_in_one_line(shop: Workshop) -> None:
    worker = await shop.worker(MODEL="no-such-model")
    assert await worker.process.wait() == 2
    assert worker.log.read_text().count("\n") == 1
    assert "MODEL=no-such-model" in worker.log.read_text()


async def test_metrics_and_health_are_served(shop: Workshop) -> None:
    worker = await shop.worker(METRICS_PORT="0")
    port = int((await worker.says("metrics are at port")).rpartition(" ")[2])
    await shop.outcome(await shop.order("pan"))
    url = f"http://127.0.0.1:{port}"
    found = samples(await scrape(f"{url}/metrics"))
    async with aiohttp.ClientSession() as session, session.get(f"{url}/healthz") as answer:
        assert (answer.status, await answer.text()) == (200, "ready\n")
    assert found["mutoscope_worker_jobs_total{outcome=clip}"] == 1
    assert found["mutoscope_worker_engine_ready"] == 1


async def test_every_line_of_a_json_log_is_json_and_names_its_job(shop: Workshop) -> None:
    worker = await shop.worker(LOG_FORMAT="json", LOG_LEVEL="DEBUG")
    for job, prompt in (("one", "warn tulips"), ("two", "broken tulips"), ("six", "crash tulips")):
        await shop.outcome(await shop.order(prompt, job=job))
    await shop.queue._redis.enqueue_job(TASK, "{}", _job_id="bad.1", _queue_name=QUEUE)
    await worker.says("could not be read")
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


async def test_an_idle_worker_may_end_by_itself(shop: Workshop) -> None:
    worker = await shop.worker(IDLE_EXIT_SECONDS="0.2")
    assert await worker.process.wait() == 0


def test_the_parent_knows_no_torch() -> None:
    code = "import gpu_worker.__main__, sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


async def test_a_killed_engine_costs_only_the_clip_that_was_in_it(shop: Workshop) -> None:
    worker = await shop.worker()
    order = await shop.order("slow", steps=400)
    await shop.moved(order)
    waiting = await shop.order("slow", job="waiting")
    while await shop.queue.state("waiting", 1) is not AttemptState.RUNNING:
        await shop.moved(order)
    os.kill(worker.children[0], signal.SIGKILL)
    assert await shop.outcome(order) == Failure("failed_worker_error", retryable=True)
    assert isinstance(await shop.outcome(waiting), Clip)
