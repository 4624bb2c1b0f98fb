"""Drafts are shown side by side, and a press of a number makes that one in full."""

import pytest

from gpu_worker.media import quality
from gpu_worker.media.clips.clip_frames import open_clip
from gpu_worker.media.clips.clip_grid import badge
from gpu_worker.media.frames import Frames, stacked
from storage.domain.drafts.grid import GAP
from tests.e2e.members import NewMembers, order_clip, wait_for_clip

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(600)]


def frames_of(data: bytes) -> Frames:
    with open_clip(data) as decoded:
        return stacked(decoded)


async def test_a_draft_is_chosen_by_its_number_and_made_in_full(members: NewMembers) -> None:
    member = await members.join()
    drafts = await order_clip(member, prompt="steam rises", seed=7, candidates=2)
    pressed = await member.press(drafts.key, f"choose:2:{drafts.job}")
    chosen = await wait_for_clip(member, pressed["message"])
    typed = {"prompt": "steam rises", "seed": 8, "camera": "zoom_in"}
    direct = await order_clip(member, **typed)
    assert "From the cache" in direct.message["content"]
    assert direct.data == chosen.data

    shown, full = frames_of(drafts.data), frames_of(chosen.data)
    height, width = full.shape[1:3]
    assert shown.shape == (len(full), height, 2 * width + GAP, 3)
    _, radius = badge(width, height)
    first, second = shown[:, :, :width], shown[:, :, width + GAP :]
    for draft, frame in zip(second, full, strict=True):
        assert quality.psnr(draft[:, 3 * radius :], frame[:, 3 * radius :]) > 25
    assert quality.psnr(first[-1], second[-1]) < quality.psnr(first[0], second[0]) - 3
