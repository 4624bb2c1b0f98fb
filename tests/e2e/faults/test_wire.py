"""All that the real bot and the local Discord say to each other, judged by Discord's own words."""

import asyncio
import io

import pytest
from PIL import Image

from deploy.local.clip_messages import buttons_of, is_over
from deploy.local.discord import Json
from deploy.local.stack.local_stack import Household
from tests.deploy.local.discord.judge import Judge, find_description, read_journal
from tests.e2e.guests import PATIENCE, PHOTOGRAPH, QUICK, Guests, delivered, order
from tests.e2e.houses import JOURNAL

DESCRIPTION = find_description()
pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(600),
    pytest.mark.skipif(
        DESCRIPTION is None, reason="Discord's description is not here; DISCORD_SPEC may name it"
    ),
]


def judged(household: Household) -> list[str]:
    """Return what is wrong with all that was said so far."""
    assert DESCRIPTION is not None
    wire = read_journal(household.folder / JOURNAL)
    assert len(wire) > 10
    return Judge(DESCRIPTION).judge(wire)


def preview_of(message: Json) -> Json | None:
    """Return the picture that a message's embed shows."""
    embeds = message.get("embeds") or [{}]
    image: Json | None = embeds[0].get("image")
    return image


async def test_every_exchange_is_as_discord_describes_it(
    guests: Guests, household: Household
) -> None:
    guest = await guests.join(locale="zh-CN")
    clip = await delivered(guest, await order(guest, PHOTOGRAPH.read_bytes(), seed=31, **QUICK))
    again = await guest.press(clip.key, buttons_of(clip.message)["again"])
    await delivered(guest, again["message"])
    for action in ("tweak", "details"):
        await guest.press(clip.key, buttons_of(clip.message)[action])
    options = {**QUICK, "format": "gif", "path": "先推近，然后向左摇"}
    film = await delivered(guest, await order(guest, PHOTOGRAPH.read_bytes(), seed=31, **options))
    assert film.data.startswith(b"GIF89a")
    assert "🎥 推近 → 向左平移" in film.message["content"]
    await guest.command("quota")
    assert judged(household) == []


async def test_a_preview_is_shown_while_the_clip_is_made_and_then_makes_room_for_it(
    guests: Guests, household: Household
) -> None:
    guest = await guests.join()
    key = await order(guest, PHOTOGRAPH.read_bytes(), seed=32, frames=8, steps=50)
    seen = await asyncio.wait_for(
        guest.watch(key, lambda now: preview_of(now) is not None or is_over(now)), PATIENCE
    )
    preview = preview_of(seen)
    assert preview is not None, "it was over before a preview could be seen"
    assert "%" in seen["content"]
    with Image.open(io.BytesIO(await guest.download(preview))) as picture:
        assert (picture.format, getattr(picture, "n_frames", 1)) == ("WEBP", 2)
    moved = await guest.watch(key, lambda now: now["content"] != seen["content"])
    assert preview_of(moved) == preview
    clip = await delivered(guest, key)
    assert preview_of(clip.message) is None
    assert [file["content_type"] for file in clip.message["attachments"]] == ["video/mp4"]
    assert judged(household) == []
