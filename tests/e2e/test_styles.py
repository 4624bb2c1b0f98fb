"""A style that a member sends changes the real model's clips; one of another is refused."""

import asyncio
from typing import Any

import numpy as np
import pytest
import torch

from gpu_worker.media.clips.clip_frames import open_clip
from gpu_worker.media.frames import Frames, stacked
from storage.clip_comment import comment_of
from tests.e2e.members import (
    PATIENCE,
    PHOTOGRAPH,
    QUICK,
    DeliveredClip,
    NewMembers,
    order,
    order_clip,
    wait_for_end,
)
from tests.support.adapters import adapter_bytes

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(600)]

ZOOM_OUT: dict[str, Any] = {"prompt": "zoom out", "seed": 7}


def adapter(channels: int) -> bytes:
    """Return an adapter of the last layer, which has 48 channels in the embedded model."""
    torch.manual_seed(1)
    factors = (torch.randn(2, channels, 3, 3), torch.randn(4, 2, 1, 1))
    return adapter_bytes({"conv_out": factors})


def frames(clip: DeliveredClip) -> Frames:
    with open_clip(clip.data) as opened:
        return stacked(opened)


async def test_a_members_style_changes_their_clip_or_is_refused_for_free(
    members: NewMembers,
) -> None:
    member = await members.join()
    for name, channels in (("loud", 48), ("foreign", 64)):
        file = await member.upload(f"{name}.safetensors", adapter(channels))
        told = await member.command("styles", file=file)
        await asyncio.wait_for(
            member.wait_for_message(told["message"], lambda seen: seen["content"]),
            PATIENCE,
        )
    assert "foreign, loud" in (await member.message(told["message"]))["content"]
    plain = await order_clip(member, **ZOOM_OUT)
    styled = await order_clip(member, **ZOOM_OUT, style="loud 0.5")
    assert '"name": "loud"' in comment_of(styled.data)
    change = np.abs(frames(styled).astype(int) - frames(plain)).mean()
    assert change > 1.0
    key = await order(member, PHOTOGRAPH.read_bytes(), **QUICK, **ZOOM_OUT, style="foreign")
    refused = await wait_for_end(member, key)
    assert "for another model" in refused["content"]
    assert "Nothing was charged" in refused["content"]
