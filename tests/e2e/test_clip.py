"""A picture becomes a moving clip; then its buttons and reactions work."""

import signal
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from deploy.local.clip_facts import measure
from deploy.local.clip_messages import buttons_of
from deploy.local.demo import SAMPLES
from deploy.local.stack.local_stack import LocalStack
from deploy.local.stack.waiting import poll
from gpu_worker.media.clips.clip_frames import open_clip
from gpu_worker.media.frames import Frame
from tests.e2e.members import (
    LONG,
    PATIENCE,
    PHOTOGRAPH,
    QUICK,
    DeliveredClip,
    NewMembers,
    message_ids,
    order,
    order_clip,
    wait_for_clip,
    wait_for_deletion,
    wait_for_end,
    wait_for_new_messages,
    wait_for_progress,
)
from tests.support.backend import png

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(600)]


async def test_a_clip_starts_with_its_picture_and_moves(
    members: NewMembers, tmp_path: Path
) -> None:
    member, picture = await members.join(), PHOTOGRAPH.read_bytes()
    key = await order(member, picture, "slowly zoom in on the face")
    clip = await wait_for_clip(member, key)
    facts = measure(clip.save(tmp_path), picture)
    assert (facts.codec, facts.pixel_format) == ("h264", "yuv420p")
    assert facts.frames >= 8
    assert facts.psnr >= 20, facts
    assert facts.motion_difference >= 3 * facts.opening_difference, facts


async def test_a_picture_that_the_content_filter_refuses_is_told_and_no_clip(
    members: NewMembers,
) -> None:
    member = await members.join()
    upload = await member.upload("red.png", png((64, 64), "#ff0000"))
    outcome = await member.command("animate", picture=upload, prompt="zoom in")
    assert outcome["kind"] == "deferred"

    async def find() -> str:
        found = [one["content"] for one in await member.messages()]
        return next((text for text in found if "content filter" in text), "")

    assert await poll(find, PATIENCE, "a refusal")


async def test_the_same_order_gives_the_same_bytes_without_the_worker(
    members: NewMembers, local_stack: LocalStack
) -> None:
    member = await members.join()
    first = await order_clip(member, prompt="pan left", seed=7)
    assert local_stack.worker is not None
    local_stack.worker.process.send_signal(signal.SIGSTOP)
    try:
        second = await order_clip(member, prompt="pan left", seed=7)
    finally:
        local_stack.worker.process.send_signal(signal.SIGCONT)
    assert second.data == first.data
    assert "cache" in second.message["content"]


async def test_retry_makes_another_clip_in_a_new_message(members: NewMembers) -> None:
    member = await members.join()
    first = await order_clip(member, seed=1)
    answer = await member.press(first.key, buttons_of(first.message)["again"])
    second = await wait_for_clip(member, answer["message"])
    assert second.key != first.key
    assert second.data != first.data


async def test_tweak_opens_a_filled_form_and_makes_the_changed_clip(members: NewMembers) -> None:
    member = await members.join()
    first = await order_clip(member, seed=1)
    form = await member.press(first.key, buttons_of(first.message)["tweak"])
    assert form["kind"] == "modal"
    answer = await member.submit(form["interaction"], {"prompt": "tilt up"})
    second = await wait_for_clip(member, answer["message"])
    assert "tilt up" in second.message["content"]
    assert second.data != first.data


async def test_a_clip_is_reversed_and_looped_from_its_menu(members: NewMembers) -> None:
    member = await members.join()
    first = await order_clip(member, prompt="pan left", seed=1)
    answer = await member.press(first.key, f"finish:{first.job}", "reverse")
    turned = await wait_for_clip(member, answer["message"])
    assert "reversed" in turned.message["content"]
    frames, backwards = frames_of(first), frames_of(turned)
    assert len(backwards) == len(frames) == 8
    for place, frame in enumerate(backwards):
        likeness = [float(np.abs(frame.astype(float) - other).mean()) for other in frames]
        assert int(np.argmin(likeness)) == 7 - place
    answer = await member.press(turned.key, f"finish:{turned.job}", "loop")
    loop = frames_of(await wait_for_clip(member, answer["message"]))
    steps = [float(np.abs(a.astype(float) - b).mean()) for a, b in pairwise([*loop, loop[0]])]
    assert steps[-1] <= 1.5 * float(np.median(steps))
    another = await members.join()  # a person's second press within a second counts as the first
    answer = await another.press(first.key, f"finish:{first.job}", "reverse")
    again = await wait_for_clip(another, answer["message"])
    assert again.data == turned.data
    assert "cache" in again.message["content"]


def frames_of(clip: DeliveredClip) -> list[Frame]:
    """Return the frames of a clip's file."""
    with open_clip(clip.data) as frames:
        return list(frames)


async def test_delete_removes_the_message(members: NewMembers) -> None:
    member = await members.join()
    clip = await order_clip(member, seed=2)
    await member.press(clip.key, buttons_of(clip.message)["delete"])
    await wait_for_deletion(member, clip.key)


async def test_cancel_ends_a_running_clip_and_costs_nothing(members: NewMembers) -> None:
    member = await members.join()
    key = await order(member, PHOTOGRAPH.read_bytes(), **LONG)
    message = await wait_for_progress(member, key)
    await member.press(key, buttons_of(message)["cancel"])
    message = await wait_for_end(member, key)
    assert "Cancelled. Nothing was charged." in message["content"]


async def test_a_reaction_retries_the_clip(members: NewMembers) -> None:
    member = await members.join()
    first = await order_clip(member, seed=3)
    before = await message_ids(member)
    await member.react(first.key, "🔁")
    key = (await wait_for_new_messages(member, before))[0]
    assert (await wait_for_clip(member, key)).data != first.data


async def test_each_of_two_pictures_becomes_a_clip(members: NewMembers) -> None:
    member, coffee = await members.join(), SAMPLES / "coffee.jpg"
    files = {
        name: await member.upload(path.name, path.read_bytes())
        for name, path in (("picture", PHOTOGRAPH), ("picture_2", coffee))
    }
    before = await message_ids(member)
    answer = await member.command("animate", prompt="two at once", **files, **QUICK)
    first, second = await wait_for_new_messages(member, before, count=2)
    assert first == answer["message"]
    assert (await wait_for_clip(member, first)).data != (await wait_for_clip(member, second)).data
