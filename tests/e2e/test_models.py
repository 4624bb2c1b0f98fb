"""Two models in one service: each is ordered, queued and made by its own workers."""

import json
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from deploy.local.clip_messages import buttons_of
from deploy.local.discord.member.client import MemberClient
from deploy.local.stack.local_stack import LocalStack
from tests.e2e.members import (
    PHOTOGRAPH,
    QUICK,
    NewMembers,
    order,
    order_clip,
    wait_for_clip,
)
from tests.e2e.stacks import running_stack
from tests.support.catalogue.two_models import TWIN, write_two_models

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(600)]


MODELS = ("embedded", TWIN)


async def start_twin(stack: LocalStack) -> None:
    """Start a worker for the second model."""
    settings = {"MODEL": TWIN, "WORKER_NAME": TWIN}
    await stack.start("twin", "gpu_worker", settings=settings)


async def offered(member: MemberClient, text: str = "") -> list[str]:
    """Return what the option model is completed with."""
    return [one["name"] for one in await member.complete("animate", "model", text)]


@pytest.mark.slow  # tests/bot/discord_ui/models does the same with workers in one process
async def test_two_models_are_served_side_by_side(tmp_path: Path) -> None:
    catalogue = str(write_two_models(tmp_path))
    async with AsyncExitStack() as opened:
        stack = await opened.enter_async_context(
            running_stack(tmp_path, GENERATION_FILE=catalogue, MODELS=TWIN)
        )
        member = await NewMembers(stack.page, opened).join()
        picture = PHOTOGRAPH.read_bytes()
        waiting = await order(member, picture, model=TWIN, seed=7, **QUICK)
        await member.wait_for_message(waiting, lambda seen: "the model twin" in seen["content"])
        first = await order_clip(member, seed=7)  # made while the other waits

        assert await offered(member) == [
            "embedded · 7 credits",
            "twin · 21 credits · 1 waiting · no worker runs now",
        ]
        assert await offered(member, "tw") == ["twin · 21 credits · 1 waiting · no worker runs now"]
        await start_twin(stack)
        second = await wait_for_clip(member, waiting)
        assert "cache" not in second.message["content"]
        assert await offered(member) == ["embedded · 7 credits", "twin · 21 credits"]
        details = await member.press(second.key, buttons_of(second.message)["details"])
        await member.wait_for_message(
            details["message"], lambda seen: "model: twin" in json.dumps(seen)
        )
        assert first.job != second.job

        # Both workers at once, each for its own model.
        both = [await order(member, picture, model=name, seed=9, **QUICK) for name in MODELS]
        clips = [await wait_for_clip(member, key) for key in both]
        assert not any("cache" in clip.message["content"] for clip in clips)
