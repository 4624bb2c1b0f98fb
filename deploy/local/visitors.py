"""Members who join the local Discord to order clips while something is measured."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from io import BytesIO

from PIL import Image

from deploy.local.discord.member.client import MemberClient


@asynccontextmanager
async def visitors(page: str, count: int) -> AsyncIterator[Sequence[MemberClient]]:
    """Let new members join the local Discord at this address."""
    async with AsyncExitStack() as stack:
        ada = await stack.enter_async_context(MemberClient(page))
        joined = []
        for number in range(count):
            body = {"name": f"Visitor{number}", "locale": "en-US"}
            record = await ada.call("POST", "/local/members", body)
            client = MemberClient(page, user_id=record["user"]["id"])
            joined.append(await stack.enter_async_context(client))
        yield joined


def noise() -> bytes:
    """Return a small picture that nobody ordered before, as PNG."""
    file = BytesIO()
    Image.effect_noise((64, 64), 40).resize((256, 256)).convert("RGB").save(file, "PNG")
    return file.getvalue()


def quantile(seconds: Sequence[float], share: float) -> float:
    """Return the value that this share of them does not exceed (nearest rank)."""
    ranked = sorted(seconds)
    return ranked[max(0, math.ceil(share * len(ranked)) - 1)]
