"""A clip comes in the container that was ordered."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from PIL import Image

from storage.blobs import Blobs
from storage.domain.clip import Clip, Container
from tests.gpu_worker.test_generate import ordered, outcome


@pytest.mark.parametrize("container", Container)
async def test_the_file_is_what_was_ordered(container: Container) -> None:
    blobs = Blobs.open("memory:///")
    order = await ordered(blobs)
    order = replace(order, request=replace(order.request, container=container))
    clip = await outcome(order, blobs)
    assert isinstance(clip, Clip)
    assert clip.container is container
    data = await blobs.get(clip.blob)
    if container is Container.GIF:
        with Image.open(io.BytesIO(data)) as film:
            assert (film.format, getattr(film, "n_frames", 1)) == ("GIF", 6)
    else:
        assert data[4:8] == b"ftyp"
