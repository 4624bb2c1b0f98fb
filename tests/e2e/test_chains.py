"""Stories and extensions by the embedded model, in the chat and on the command line."""

import asyncio
from pathlib import Path

import numpy as np
import pytest

from deploy.local.clip_messages import buttons_of
from deploy.local.discord.member.client import MemberClient
from deploy.local.stack.local_stack import LocalStack
from gpu_worker.media import motion
from gpu_worker.media.clips.clip_frames import open_clip
from gpu_worker.media.frames import Frames
from storage.domain.camera.motion import Motion
from tests.e2e.members import PHOTOGRAPH, DeliveredClip, NewMembers, wait_for_clip
from tests.e2e.test_cli import mutoscope
from tests.gpu_worker.chains.steps_between import steps_between

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(600)]

ASKED = {
    "zoom in": Motion.ZOOM_IN,
    "pan left": Motion.PAN_LEFT,
    "tilt up": Motion.TILT_UP,
    "roll clockwise": Motion.ROLL_CLOCKWISE,
}
FRAMES = 12
NUMBERS = f"seed: 3\nframes: {FRAMES}\nfps: 12\nsteps: 2"


def frames_of(data: bytes) -> Frames:
    with open_clip(data) as frames:
        return np.stack(list(frames))


async def told(member: MemberClient) -> DeliveredClip:
    """Tell a story by the form and wait for its clip."""
    picture = await member.upload("a.jpg", PHOTOGRAPH.read_bytes())
    form = await member.command("story", picture=picture)
    assert form["kind"] == "modal", form
    answers = {"prompt": "\n".join(ASKED), "numbers": NUMBERS}
    answer = await member.submit(form["interaction"], answers)
    return await wait_for_clip(member, answer["message"])


@pytest.mark.slow  # the same is measured in one process, and pressed at the page
async def test_a_story_moves_as_asked_and_is_extended(members: NewMembers) -> None:
    member = await members.join()
    story = await told(member)
    frames = await asyncio.to_thread(frames_of, story.data)
    step = FRAMES - 1
    assert len(frames) == 4 * step + 1
    for number, asked in enumerate(ASKED.values()):
        part = frames[number * step : (number + 1) * step + 1]
        assert motion.dominant(motion.measure(motion.track(part))) is asked
    steps = steps_between(frames)
    assert steps[[step, 2 * step, 3 * step]].max() <= 2 * np.median(steps)

    form = await member.press(story.key, buttons_of(story.message)["extend"])
    answers = {"prompt": "zoom out", "numbers": f"frames: {FRAMES}\nsteps: 2"}
    answer = await member.submit(form["interaction"], answers)
    longer = await asyncio.to_thread(
        frames_of, (await wait_for_clip(member, answer["message"])).data
    )
    assert len(longer) == 5 * step + 1
    assert motion.dominant(motion.measure(motion.track(longer[4 * step :]))) is Motion.ZOOM_OUT
    steps = steps_between(longer)
    assert steps[4 * step] <= 2 * np.median(steps)


async def test_the_command_line_tells_a_story_and_extends_its_file(
    local_stack: LocalStack, tmp_path: Path
) -> None:
    quick = ["--frames", "8", "--steps", "2", "-o", str(tmp_path)]
    picture = str(PHOTOGRAPH)
    result = await mutoscope(
        local_stack.environ, "story", picture, "--prompts", "zoom in,hold still", *quick
    )
    assert result.status == 0, result.output
    file = tmp_path / f"{PHOTOGRAPH.stem}__1.mp4"
    assert len(frames_of(file.read_bytes())) == 15
    result = await mutoscope(local_stack.environ, "extend", str(file), "pan left", *quick)
    assert result.status == 0, result.output
    longer = tmp_path / f"{file.stem}__1.mp4"
    assert len(frames_of(longer.read_bytes())) == 22
    result = await mutoscope(local_stack.environ, "extend", "0123456789abcdef", *quick)
    assert result.status == 1
    assert "I do not know that clip any more" in result.output
