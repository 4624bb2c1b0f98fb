"""Shards identify as often as Discord allows."""

from __future__ import annotations

import asyncio
import time

import pytest

from bot.discord_ui.gateway import shards
from bot.discord_ui.gateway.shards import IdentifyTurns


async def test_shards_of_one_turn_identify_one_after_another_and_others_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shards, "IDENTIFY_SECONDS", 0.2)
    turns, began = IdentifyTurns(2), time.monotonic()
    ends: dict[int, float] = {}

    async def identify(shard: int) -> None:
        await turns.wait(shard)
        ends[shard] = time.monotonic() - began

    await asyncio.gather(*map(identify, range(5)))
    assert list(ends)[:2] == [0, 1]
    assert [shard for shard in ends if shard % 2 == 0] == [0, 2, 4]
    assert min(ends[2], ends[3]) >= 0.2
    assert ends[4] >= 0.4
