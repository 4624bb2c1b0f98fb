"""Two bots with three shards each answer an order in any server, or a direct message, once."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from deploy.local.clip_messages import buttons_of
from deploy.local.discord.member.client import MemberClient
from deploy.local.discord.state.guild import ADA, GUILD
from deploy.local.stack.child_process import ChildProcess
from deploy.local.stack.local_stack import LocalStack
from deploy.local.stack.waiting import poll
from tests.e2e.members import PATIENCE, order_clip
from tests.e2e.stacks import ROOT, catalogue

pytestmark = pytest.mark.timeout(600)
SHARDS = 3


@asynccontextmanager
async def two_bots(folder: Path) -> AsyncIterator[LocalStack]:
    """Start a service with a quick engine at a Discord that requires shards."""
    async with LocalStack(folder, os.environ) as stack:
        stack.environ |= {
            "GENERATION_FILE": str(catalogue(folder)),
            "ENGINE_FACTORY": "tests.faults.short_engine:create",
            "RUN_LOG": str(folder / "runs.log"),
            "PYTHONPATH": str(ROOT),
        }
        stack.start_redis(folder / "redis")
        await stack.start_discord()
        world = {"sharding_required": True, "shards": SHARDS, "max_concurrency": SHARDS}
        async with MemberClient(stack.page) as ada:
            await ada.call("PATCH", "/local/world", world)
            bots = [await stack.start(name, "bot") for name in ("bot1", "bot2")]
            await stack.start_worker()
            for bot in bots:
                await poll(partial(has_all_shards, bot), PATIENCE, "all shards")
            await asyncio.wait_for(ada.wait_for_command("animate"), PATIENCE)
        yield stack


def has_all_shards(bot: ChildProcess) -> bool:
    return bot.log is not None and f"by {SHARDS} shards" in bot.log.read_text(errors="replace")


async def places(ada: MemberClient) -> list[str]:
    """Return a channel of a server of each shard, and that of direct messages."""
    found = {shard_of(GUILD): ada.channel}
    while len(found) < SHARDS:
        made = await ada.call("POST", "/local/guilds", {"name": "another"})
        found[shard_of(made["id"])] = made["channel"]
    direct = await ada.call("POST", "/local/direct", {"member": ADA})
    return [*found.values(), direct["id"]]


def shard_of(guild: str) -> int:
    return (int(guild) >> 22) % SHARDS


async def test_orders_in_servers_of_every_shard_are_answered_once(tmp_path: Path) -> None:
    async with two_bots(tmp_path) as stack, AsyncExitStack() as members:
        ada = await members.enter_async_context(MemberClient(stack.page))
        channels = await places(ada)
        people = [
            await members.enter_async_context(MemberClient(stack.page, channel=channel))
            for channel in channels
        ]
        clips = [await order_clip(one, seed=seed) for seed, one in enumerate(people)]
        assert len({clip.job for clip in clips}) == len(channels)
        for member, clip in zip(people, clips, strict=True):
            shown = [one for one in await member.messages() if "again" in buttons_of(one)]
            assert [one["id"] for one in shown] == [clip.key]
