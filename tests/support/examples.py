"""Example requests, clips and jobs."""

from __future__ import annotations

from dataclasses import replace

from storage.domain.camera.motion import Motion, Reading
from storage.domain.clip import Clip, Container
from storage.domain.job import Job, ReplyTarget
from storage.domain.request import GenerationRequest

REQUEST = GenerationRequest(
    picture="a" * 64,
    prompt="zoom in",
    model="embedded",
    width=128,
    height=128,
    frames=16,
    fps=8,
    steps=8,
    guidance=1.0,
    seed=7,
    reading=Reading(Motion.ZOOM_IN),
)
CLIP = Clip(
    blob="b" * 64,
    poster="c" * 64,
    container=Container.MP4,
    width=128,
    height=128,
    frames=16,
    fps=8,
    seed=7,
    motion=Motion.ZOOM_IN,
    bytes=12_345,
    seconds=9.5,
)
JOB = Job(
    id="job",
    owner="ann",
    request=REQUEST,
    reply_to=ReplyTarget(front="discord", guild="1", channel="2", message="3", token="t"),
    locale="en",
    cost=5,
    created=1_000_000.0,
    size_limit=10 * 2**20,
)


def job(name: str, owner: str = "ann", created: float = JOB.created, cost: int = 5) -> Job:
    """Return a queued job of this owner, with a seed of its own."""
    request = replace(REQUEST, seed=sum(name.encode()))
    return replace(JOB, id=name, owner=owner, created=created, cost=cost, request=request)
