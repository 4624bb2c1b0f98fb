"""Each pipeline of diffusers makes clips through the whole service, beside the others."""

import asyncio
import json
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from deploy.local.clip_facts import measure
from deploy.local.clip_messages import buttons_of
from deploy.local.discord.member.client import MemberApiError, MemberClient
from deploy.local.stack.waiting import poll
from tests.e2e.members import (
    PATIENCE,
    PHOTOGRAPH,
    NewMembers,
    wait_for_clip,
    wait_for_end,
    wait_for_progress,
)
from tests.e2e.stacks import running_stack
from tests.support.pipelines.families import FAMILIES, write_tiny_catalogue

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(600)]

FIRST, *OTHERS = FAMILIES


async def order(member: MemberClient, model: str, **options: Any) -> Any:
    """Order a clip of the photograph; return the answer."""
    upload = await member.upload("a.jpg", PHOTOGRAPH.read_bytes())
    return await member.command("animate", picture=upload, model=model, **options)


async def refusal(member: MemberClient, model: str, **options: Any) -> str:
    """Order what the model cannot make; return the text of the refusal."""
    known = {message["id"] for message in await member.messages()}
    await order(member, model, **options)

    async def find() -> str:
        found = [one for one in await member.messages() if one["id"] not in known]
        return next((one["content"] for one in found if one["content"]), "")

    return await poll(find, PATIENCE, "a refusal")


@pytest.mark.slow
async def test_each_makes_clips_and_refuses_what_it_cannot_do(tmp_path: Path) -> None:
    settings = {
        "GENERATION_FILE": str(write_tiny_catalogue(tmp_path)),
        "MODEL": FIRST,
        "MODELS": " ".join(OTHERS),
        "DEVICE": "cpu",
    }
    async with AsyncExitStack() as opened:
        stack = await opened.enter_async_context(running_stack(tmp_path, **settings))
        for name in OTHERS:
            await stack.start(name, "gpu_worker", settings={"MODEL": name, "WORKER_NAME": name})
        member = await NewMembers(stack.page, opened).join()
        keys = {}
        for name in FAMILIES:
            prompt = {} if name == "svd-xt" else {"prompt": "the cat purrs"}
            answer = await order(member, name, seed=7, **prompt)
            assert answer["kind"] == "deferred", answer
            keys[name] = answer["message"]
        for name, (_, size, frames) in FAMILIES.items():
            clip = await wait_for_clip(member, keys[name])
            file, picture = clip.save(tmp_path), PHOTOGRAPH.read_bytes()
            facts = await asyncio.to_thread(measure, file, picture)
            assert (facts.width, facts.height, facts.frames) == (*size, frames)
            assert f"{frames}" in clip.message["content"]
            details = await member.press(clip.key, buttons_of(clip.message)["details"])
            shown = json.dumps(await member.wait_for_message(details["message"], bool))
            assert f"model: {name}" in shown
            assert "camera:" not in shown

        told = await refusal(member, "svd-xt", prompt="the cat purrs")
        assert "The prompt means nothing to the model svd-xt" in told
        told = await refusal(member, "ltx-video", prompt="猫在叫")
        assert "ltx-video reads prompts in English only" in told
        with pytest.raises(MemberApiError, match="camera: there is no such option"):
            await order(member, FIRST, prompt="the cat purrs", camera="zoom_in")

        long = await order(member, FIRST, prompt="the dog barks", steps=60, frames=121)
        running = await wait_for_progress(member, long["message"])
        await member.press(long["message"], buttons_of(running)["cancel"])
        ended = await wait_for_end(member, long["message"])
        assert "cancelled" in ended["content"].lower()
