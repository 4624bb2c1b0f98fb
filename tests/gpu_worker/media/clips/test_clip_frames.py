"""The frames of a clip's file are read as they were written, one by one and again."""

from __future__ import annotations

import os
from itertools import islice

import numpy as np
import pytest

from gpu_worker.media.clips.clip_frames import open_clip
from gpu_worker.media.encode import encode
from storage.domain.clip import Container
from storage.domain.errors import GenerationFailed
from tests.gpu_worker.media.test_encode import PLENTY, psnr, scene
from tests.support.process_tree import children

FRAMES = scene(10, 128, 96)
FILES = {container: encode(FRAMES, 12, PLENTY, {}, container).data for container in Container}
LEAST = {Container.MP4: 42.0, Container.GIF: 30.0, Container.WEBP: 38.0}


@pytest.mark.parametrize("container", Container)
def test_frames_come_back_as_they_went_in(container: Container) -> None:
    with open_clip(FILES[container]) as clip:
        assert (clip.container, clip.size, len(clip)) == (container, (128, 96), 10)
        assert clip.fps == pytest.approx(12, rel=0.05)
        assert psnr(np.stack(list(clip)), FRAMES) > LEAST[container]
        again = np.stack(list(clip))
        assert np.array_equal(clip[-1], again[-1])
        assert np.array_equal(clip[3], again[3])
        with pytest.raises(IndexError):
            clip[10]


def test_colours_are_kept() -> None:
    plain = np.full((3, 64, 64, 3), (220, 30, 40), np.uint8)
    with open_clip(encode(plain, 8, PLENTY, {}).data) as clip:
        assert np.abs(clip[0].astype(int) - plain[0]).max() <= 3


def test_whoever_stops_reading_leaves_no_process_behind() -> None:
    before = children(os.getpid())
    with open_clip(FILES[Container.MP4]) as clip:
        assert len(list(islice(clip, 2))) == 2
    assert children(os.getpid()) == before


@pytest.mark.parametrize("container", Container)
@pytest.mark.parametrize("share", [0.0, 0.01, 0.6])
def test_a_part_of_a_file_is_refused(container: Container, share: float) -> None:
    data = FILES[container]
    with pytest.raises(GenerationFailed) as caught, open_clip(data[: int(len(data) * share)]) as it:
        list(it)
    assert caught.value.key == "failed_source_damaged"
