"""One whole service for all end-to-end tests: real processes, in a folder of its own."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from deploy.local.household import Household
from deploy.local.member import Member
from tests.e2e.guests import Guests

ROOT = Path(__file__).resolve().parents[2]
READY_SECONDS = 60


def catalogue(folder: Path) -> Path:
    """The project's catalogue with a day's quota that one order can exceed."""
    text = ROOT.joinpath("generation.yaml").read_text()
    path = folder / "generation.yaml"
    path.write_text(text.replace("credits_per_day: 600", "credits_per_day: 30"))
    return path


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def household(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Household]:
    """Redis, local Discord, bot and worker, each a process as in the demo."""
    folder = tmp_path_factory.mktemp("household")
    environ = {name: value for name, value in os.environ.items() if name != "REDIS_URL"}
    environ["GENERATION_FILE"] = str(catalogue(folder))
    async with Household(folder, environ) as home:
        home.start_redis()
        page = await home.start_discord()
        await home.start_bot()
        await home.start_worker()
        async with Member(page) as ada:
            await asyncio.wait_for(ada.wait_for_command("animate"), READY_SECONDS)
        yield home


@pytest_asyncio.fixture(loop_scope="session")
async def guests(household: Household) -> AsyncIterator[Guests]:
    """Lets people in who have all their quota."""
    async with AsyncExitStack() as stack:
        yield Guests(household.page, stack)
