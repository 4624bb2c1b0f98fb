"""Uploads that are made to cost much do not keep other people's clips waiting."""

import asyncio
import time

import pytest

from deploy.local.discord.member.client import MemberClient
from tests.e2e.members import PHOTOGRAPH, NewMembers, order, order_clip
from tests.support.pictures import hostile

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(600)]


def attacks() -> list[bytes]:
    """Return files that are refused after much work, and the largest that are read."""
    refused = [
        hostile.scan_bomb(10_000),
        hostile.chunk_flood(400_000),
        hostile.block_flood(400_000),
        hostile.exif_bomb(),
        hostile.huge("PNG")[:-100],
        hostile.huge("JPEG")[:-100],
        hostile.huge("GIF")[:-100],
    ]
    return refused * 2 + [hostile.huge("WEBP"), hostile.huge("AVIF")]


@pytest.mark.slow  # an ordinary picture passes such ones in tests/storage/pictures
async def test_an_ordinary_clip_comes_beside_hostile_uploads(
    members: NewMembers,
) -> None:
    member = await members.join()
    alone = await seconds_for_a_clip(member)
    files = await asyncio.to_thread(attacks)
    attackers = [await members.join(name=f"Attacker {number}") for number in range(len(files))]
    orders = [
        asyncio.create_task(order(attacker, data, name="hostile.png"))
        for attacker, data in zip(attackers, files, strict=True)
    ]
    await asyncio.gather(*orders)
    beside = await seconds_for_a_clip(member)  # or no clip at all
    print(f"alone {alone:.1f} s, beside hostile uploads {beside:.1f} s")


async def seconds_for_a_clip(member: MemberClient) -> float:
    """Return how long a clip of an ordinary picture takes from the order to the chat."""
    started = time.monotonic()
    await order_clip(member, name=PHOTOGRAPH.name)
    return time.monotonic() - started
