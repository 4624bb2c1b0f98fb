"""Stories and extensions ask for the depth model that the service has, then and now."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.studio.options import Options
from tests.bot.studio.chains.test_stories import STORY, ended, worker
from tests.support.backend import Backend, png, requester

__all__ = ["worker"]  # the fixture


def with_depth(backend: Backend, name: str) -> None:
    """Let the default model have a depth model beside it."""
    admission = backend.studio.admission
    model = replace(admission.catalogue.model(), depth_model=name)
    catalogue = replace(admission.catalogue, models={model.name: model})
    backend.studio.orders.admission = replace(admission, catalogue=catalogue)


@pytest.mark.usefixtures("worker")
async def test_each_part_is_seen_in_depth_while_there_is_a_depth_model(backend: Backend) -> None:
    with_depth(backend, "deep")
    story = await ended(backend, await backend.studio.orders.submit(requester(), png(), STORY))
    longer = await backend.studio.follow_ups.extend(story.id, requester(), Options("pan left"))
    assert story.request.depth_model == longer.request.depth_model == "deep"
    with_depth(backend, "")
    flat = await backend.studio.follow_ups.retry(story.id, requester())
    onwards = await backend.studio.follow_ups.extend(story.id, requester(), Options("pan right"))
    assert flat.request.depth_model == onwards.request.depth_model == ""
    assert flat.request.fingerprint != replace(story.request, seed=flat.request.seed).fingerprint
