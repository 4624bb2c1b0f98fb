"""A whole service for end-to-end tests: real processes, in a folder of its own."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from deploy.local.discord.member.client import Member
from deploy.local.stack.local_stack import Household

ROOT = Path(__file__).resolve().parents[2]
READY_SECONDS = 120
JOURNAL = "wire.jsonl"


@asynccontextmanager
async def open_house(folder: Path, **settings: str) -> AsyncIterator[Household]:
    """Redis, local Discord, bot and worker, each a process as in the demo."""
    environ = os.environ | {"GENERATION_FILE": str(catalogue(folder))}
    async with Household(folder, environ | settings) as house:
        house.start_redis()
        page = await house.start_discord(journal=folder / JOURNAL)
        await house.start_bot()
        await house.start_worker()
        async with Member(page) as ada:
            await asyncio.wait_for(ada.wait_for_command("animate"), READY_SECONDS)
        yield house


def catalogue(folder: Path) -> Path:
    """The project's catalogue with a day's quota that one order can exceed."""
    text = ROOT.joinpath("generation.yaml").read_text()
    path = folder / "generation.yaml"
    path.write_text(text.replace("credits_per_day: 600", "credits_per_day: 30"))
    return path
