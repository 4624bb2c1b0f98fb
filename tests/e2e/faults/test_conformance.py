"""All traffic between the bot and the local Discord is as Discord's own description says."""

import asyncio
import io

import pytest
from PIL import Image

from deploy.local.clip_messages import buttons_of, is_final
from deploy.local.discord import Json
from deploy.local.stack.local_stack import LocalStack
from tests.e2e.members import (
    LONG,
    PATIENCE,
    PHOTOGRAPH,
    NewMembers,
    order,
    order_clip,
    wait_for_clip,
)
from tests.e2e.stacks import WIRE_LOG
from tests.support.discord.api_conformance import (
    ConformanceChecker,
    find_description,
    read_wire_log,
)

DESCRIPTION = find_description()
pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(600),
    pytest.mark.skipif(
        DESCRIPTION is None, reason="Discord's description is not here; DISCORD_SPEC may name it"
    ),
]


def faults_in_traffic(local_stack: LocalStack) -> list[str]:
    """Return what is wrong with all traffic so far."""
    assert DESCRIPTION is not None
    entries = read_wire_log(local_stack.folder / WIRE_LOG)
    assert len(entries) > 10
    return ConformanceChecker(DESCRIPTION).check(entries)


def preview_of(message: Json) -> Json | None:
    """Return the picture that is attached to a message."""
    found = [file for file in message["attachments"] if file["filename"] == "preview.webp"]
    return found[0] if found else None


async def test_every_exchange_conforms(members: NewMembers, local_stack: LocalStack) -> None:
    member = await members.join(locale="zh-CN")
    clip = await order_clip(member, seed=31)
    again = await member.press(clip.key, buttons_of(clip.message)["again"])
    await wait_for_clip(member, again["message"])
    for action in ("tweak", "details"):
        await member.press(clip.key, buttons_of(clip.message)[action])
    gif = await order_clip(member, seed=31, format="gif", path="先推近，然后向左摇")
    assert gif.data.startswith(b"GIF89a")
    assert "🎥 推近 → 向左平移" in gif.message["content"]
    await member.command("quota")
    assert faults_in_traffic(local_stack) == []


async def test_a_preview_is_shown_until_the_clip_is_there(
    members: NewMembers, local_stack: LocalStack
) -> None:
    member = await members.join()
    key = await order(member, PHOTOGRAPH.read_bytes(), seed=32, frames=8, **LONG)
    seen = await asyncio.wait_for(
        member.wait_for_message(key, lambda now: preview_of(now) is not None or is_final(now)),
        PATIENCE,
    )
    preview = preview_of(seen)
    assert preview is not None, "it ended before a preview was seen"
    assert "%" in seen["content"]
    with Image.open(io.BytesIO(await member.download(preview))) as picture:
        assert (picture.format, getattr(picture, "n_frames", 1)) == ("WEBP", 2)
    moved = await member.wait_for_message(key, lambda now: now["content"] != seen["content"])
    assert is_final(moved) or preview_of(moved) == preview
    clip = await wait_for_clip(member, key)
    assert preview_of(clip.message) is None
    assert [file["content_type"] for file in clip.message["attachments"]] == ["video/mp4"]
    assert faults_in_traffic(local_stack) == []
