"""Whole services for end-to-end tests: real processes, each service in a folder of its own."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from deploy.local.discord.member.client import MemberClient
from deploy.local.stack.local_stack import LocalStack
from tests.support.catalogue.admission import small_catalogue

ROOT = Path(__file__).resolve().parents[2]
READY_SECONDS = 240
WIRE_LOG = "wire.jsonl"
LITTLE_WORK = {
    "credits_per_day: 600": "credits_per_day: 30",
    "denoising: {side: 128, frames: 16}": "denoising: {side: 64, frames: 8}",
    "steps: [2, 50]": "steps: [2, 200]",
    "frames: 32, steps: 50}": "frames: 32, steps: 200}",
}
"""Changes of the catalogue: each step is little work, and a clip may take many of them."""
FAKE = {"ENGINE_FACTORY": "tests.support.fake_engine:create"}
"""Settings of a service without a model, for tests of everything but the model."""


@asynccontextmanager
async def running_stack(folder: Path, **settings: str) -> AsyncIterator[LocalStack]:
    """Start Redis, local Discord, bot and worker as the demo does, but for the content filter."""
    async with LocalStack(folder, os.environ) as stack:
        stack.environ |= {"GENERATION_FILE": str(catalogue(folder)), "FILTER": "off"} | settings
        # On a slow machine a ping would be the newest message where a test looks for a clip.
        stack.environ.setdefault("PING_AFTER", "3600")
        await stack.start_all(wire_log=folder / WIRE_LOG)
        async with MemberClient(stack.page) as ada:
            await asyncio.wait_for(ada.wait_for_command("animate"), READY_SECONDS)
        yield stack


def catalogue(folder: Path) -> Path:
    """Write the catalogue with small clips, quick steps and a quota that one order can exceed."""
    path = folder / "generation.yaml"
    path.write_text(small_catalogue(**LITTLE_WORK))
    return path
