"""A clip of the embedded model arrives at a second picture, ordered in the chat."""

import asyncio
import io

import numpy as np
import pytest
from PIL import Image

from deploy.local.clip_messages import buttons_of
from gpu_worker.media import quality
from gpu_worker.media.picture import fit
from tests.e2e.members import PHOTOGRAPH, NewMembers, wait_for_clip
from tests.e2e.test_chains import frames_of
from tests.gpu_worker.chains.steps_between import steps_between
from tests.gpu_worker.render.scenes import photograph

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(600)]


async def test_a_clip_arrives_at_the_picture_and_its_tweak_too(members: NewMembers) -> None:
    member = await members.join()
    target = io.BytesIO()
    Image.fromarray(photograph("astronaut", 512)).save(target, "PNG")
    options = {"prompt": "zoom in", "seed": 5, "steps": 2, "frames": 24}
    outcome = await member.command(
        "animate",
        picture=await member.upload("a.jpg", PHOTOGRAPH.read_bytes()),
        end_picture=await member.upload("b.png", target.getvalue()),
        **options,
    )
    first = await wait_for_clip(member, outcome["message"])
    form = await member.press(first.key, buttons_of(first.message)["tweak"])
    outcome = await member.submit(form["interaction"], {"prompt": "pan left"})
    for made in (first, await wait_for_clip(member, outcome["message"])):
        frames = await asyncio.to_thread(frames_of, made.data)
        size = (frames.shape[2], frames.shape[1])
        start, end = fit(PHOTOGRAPH.read_bytes(), *size), fit(target.getvalue(), *size)
        assert quality.psnr(frames[0], start.fitted) >= 30.0
        assert quality.psnr(frames[-1], end.fitted) >= 30.0
        steps = steps_between(frames)
        assert steps.max() <= 2 * np.median(steps)
