"""The flags that make one of several drafts in full."""

from __future__ import annotations

from collections.abc import Iterator

from bot.cli.invocation import Invocation
from storage.domain.clip import Clip
from storage.domain.drafts.candidates import pick
from storage.domain.request import GenerationRequest


def candidate_flags(
    invocation: Invocation, request: GenerationRequest, clip: Clip
) -> Iterator[str]:
    """Yield how to take one of a clip's drafts, and the flags of each; nothing without any."""
    if not clip.candidates:
        return
    yield invocation.text("cli_choose")
    picked = pick(clip.candidates)
    for place, one in enumerate(clip.candidates):
        flags = [f"--seed {one.seed}"]
        if one.camera.motion is not request.camera.motion:
            flags.append(f"--camera {one.camera.motion.value}")
        if one.camera.speed is not request.camera.speed:
            flags.append(f"--speed {one.camera.speed.value}")
        key = "cli_candidate_picked" if place == picked else "cli_candidate"
        yield invocation.text(key, number=place + 1, flags=" ".join(flags))
