"""/imagine in the local Discord: a picture from words, shown on the card, then animated."""

from __future__ import annotations

import asyncio
import io
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from deploy.local.clip_messages import buttons_of, clip_of, is_final
from deploy.local.discord import Json
from gpu_worker.engine.api import OnProgress, Result
from gpu_worker.media.clips.clip_frames import open_clip
from gpu_worker.media.picture import Canvas
from gpu_worker.models.text_to_image.engine import TextToImageEngine
from storage.domain.clip import Failure
from storage.domain.models.served_model import ServedModel
from storage.domain.request import GenerationRequest
from storage.queue.consumer import serve
from tests.support.backend import Backend, open_backend, until
from tests.support.credentials.signing import CheckedGenerator
from tests.support.discord.local_chat import LocalChat, open_local_chat
from tests.support.fake_engine import FakeEngine
from tests.support.in_process_engine import InProcessEngine, decode_in_process
from tests.support.pictures.tiny_pipeline import write_text_to_image


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_text_to_image(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
async def backend(
    tmp_path: Path, redis_url: str, mp4: bytes, folder: Path
) -> AsyncIterator[Backend]:
    opened = open_backend(tmp_path, redis_url, mp4, picture_model=str(folder))
    async with opened as backend:
        yield backend


@pytest.fixture
async def chat(backend: Backend, tmp_path: Path) -> AsyncIterator[LocalChat]:
    async with open_local_chat(backend, tmp_path) as opened:
        yield opened


class WaitingEngine(FakeEngine):
    """Animates once a test opens the gate, and shows nothing meanwhile."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()

    def generate(
        self,
        request: GenerationRequest,
        canvas: Canvas,
        on_progress: OnProgress,
        should_stop: Callable[[], bool],
    ) -> Result:
        while not self.gate.wait(0.01) and not should_stop():
            pass
        return super().generate(request, canvas, lambda *_: None, should_stop)


async def imagine(chat: LocalChat, **options: object) -> str:
    """Let Ada give the command; return the id of the message once it says that it waits."""
    outcome = await chat.ada.command("imagine", **{"prompt": "a kite", "seed": 7} | options)
    assert outcome["kind"] == "deferred", outcome
    await chat.ada.wait_for_message(outcome["message"], buttons_of)
    return str(outcome["message"])


def preview_of(message: Json) -> Json | None:
    """Return the attachment of a message that shows what is made."""
    files: list[Json] = message.get("attachments", [])
    return next((one for one in files if one["filename"].endswith("preview.webp")), None)


def pixels(image: Image.Image) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.asarray(image.convert("RGB").resize((32, 18)), np.float64)


def distance(one: Image.Image, other: Image.Image) -> float:
    """Return the mean difference of two pictures at a small size, in grey levels."""
    return float(np.abs(pixels(one) - pixels(other)).mean())


@pytest.mark.filterwarnings("ignore")  # of diffusers and transformers
async def test_the_picture_is_shown_and_then_animated(chat: LocalChat, folder: Path) -> None:
    """Make the picture with a tiny Stable Diffusion, by a worker in this process."""
    waiting, backend, stop = WaitingEngine(), chat.backend, asyncio.Event()
    engine = TextToImageEngine(waiting, str(folder))
    engine.load()
    handler = CheckedGenerator(
        InProcessEngine(make=lambda: engine),
        *(backend.blobs, decode_in_process, "w", ServedModel("embedded")),
        picture_model=folder.name,
    )
    key = await imagine(chat, shape="wide", frames=8)
    async with backend.running_dispatcher():
        worker = asyncio.create_task(serve(handler, backend.settings, "w", stop))
        message = await chat.ada.wait_for_message(key, preview_of)
        preview = preview_of(message)
        assert preview is not None
        shown = Image.open(io.BytesIO(await chat.ada.download(preview)))
        waiting.gate.set()
        clip = await chat.ada.wait_for_message(key, clip_of)
        stop.set()
        await worker
    assert f"The first picture was made by {folder.name}." in clip["content"]
    job = await backend.studio.job(buttons_of(clip)["again"].partition(":")[2])
    picture = Image.open(io.BytesIO(await backend.blobs.get(job.request.picture)))
    assert picture.width > 1.5 * picture.height
    assert distance(shown, picture) < 10
    file = clip_of(clip)
    assert file is not None
    with open_clip(await chat.ada.download(file)) as frames:
        assert len(frames) == 8
        opening = Image.fromarray(frames[0])
    assert distance(opening, picture) < 10
    assert distance(opening, Image.fromarray(np.roll(np.asarray(picture), 16, axis=1))) > 10
    assert chat.refusals() == []


async def test_a_retry_is_of_the_same_picture(chat: LocalChat) -> None:
    key = await imagine(chat)
    await chat.deliver()
    message = await chat.ada.message(key)
    await chat.ada.press(key, buttons_of(message)["again"])
    await chat.deliver(2)
    first, second = [order.request for order in chat.backend.worker.orders]
    assert (first.picture, second.text_to_image) == ("", None)
    assert await chat.backend.blobs.has(second.picture)
    assert len(await chat.clips()) == 2


async def test_the_same_words_come_from_the_cache(chat: LocalChat) -> None:
    await imagine(chat)
    await chat.deliver()
    key = await imagine(chat)
    assert "From the cache" in (await chat.ada.wait_for_message(key, clip_of))["content"]


async def test_a_worker_without_the_model_says_what_to_set(chat: LocalChat) -> None:
    chat.backend.worker.failure = Failure("failed_no_picture_model", (("model", "tiny"),))
    key = await imagine(chat)
    await chat.deliver()
    content = (await chat.ada.message(key))["content"]
    assert "whoever runs it sets PICTURE_MODEL. Nothing was charged." in content


async def test_a_failed_one_is_tweaked_with_a_new_picture(chat: LocalChat) -> None:
    chat.backend.worker.failure = Failure("failed_picture_memory")
    key = await imagine(chat, shape="tall")
    await chat.deliver()
    chat.backend.worker.failure = None
    form = await chat.ada.press(key, buttons_of(await chat.ada.message(key))["tweak"])
    answer = await chat.ada.submit(form["interaction"], {"prompt": "a boat"})
    await chat.deliver(2)
    clip = await chat.ada.message(answer["message"])
    assert is_final(clip)
    assert clip_of(clip) is not None
    first, second = [order.request for order in chat.backend.worker.orders]
    assert second.text_to_image == first.text_to_image
    assert (second.width, second.height) == (first.width, first.height)


async def test_a_cancelled_one_costs_nothing(chat: LocalChat) -> None:
    key = await imagine(chat)
    message = await chat.ada.message(key)
    await chat.ada.press(key, buttons_of(message)["cancel"])
    await until(chat.backend.all_jobs_ended)
    allowance = (await chat.backend.studio.reports.of_person(chat.ada.user_id)).allowance
    assert allowance is not None
    assert allowance.left == allowance.limit


async def test_a_value_out_of_range_is_refused_before_it_is_acknowledged(chat: LocalChat) -> None:
    outcome = await chat.ada.command("imagine", prompt="a kite", path="nonsense")
    assert outcome["kind"] == "message", outcome
    assert await chat.ordered() == 0


async def test_it_is_there_in_chinese(chat: LocalChat) -> None:
    await chat.change(f"members/{chat.ada.user_id}", locale="zh-CN")
    [command] = [one for one in await chat.ada.commands() if one["name"] == "imagine"]
    assert command["name_localizations"]["zh-CN"] == "想象"
    shapes = next(one for one in command["options"] if one["name"] == "shape")["choices"]
    assert [one["name_localizations"]["zh-CN"] for one in shapes] == [
        "方形",
        "横幅（16:9）",
        "竖幅（9:16）",
    ]
    refused = await chat.ada.command("imagine", prompt="黄昏的灯塔，镜头拉远")
    said = (await chat.ada.message(refused["message"]))["content"]
    assert "只能读懂英文提示词" in said
    studio = chat.backend.studio
    studio.orders.admission = replace(studio.admission, picture_languages=("en", "zh"))
    key = await imagine(chat, prompt="黄昏的灯塔，镜头拉远")
    await chat.deliver()
    content = (await chat.ada.message(key))["content"]
    assert "黄昏的灯塔，镜头拉远" in content
    assert "拉远 · " in content
