"""An upscaled clip is nearer to the true large frames than bicubic enlargement is.

The photographs are none of those that the filters were fitted to.
"""

from __future__ import annotations

import numpy as np
import pytest

from gpu_worker.finish.finishing import finished
from gpu_worker.finish.upscale import BAND, Upscaler, bicubic
from gpu_worker.lab.upscaling.fit import fit
from gpu_worker.lab.upscaling.pairs import decoded, halved, pair, reduced
from gpu_worker.media.clips.clip_frames import open_clip
from gpu_worker.media.encode import encode
from gpu_worker.media.frames import Frame
from gpu_worker.media.quality import psnr, ssim
from storage.domain.finish import Finish
from tests.gpu_worker.finish.films import photograph
from tests.gpu_worker.media.test_encode import PLENTY

HELD_OUT = ("astronaut.png", "coffee.png", "motorcycle_left.png")
GAIN = 0.4  # decibels over bicubic


def film(name: str) -> list[Frame]:
    """Return three parts of a photograph as a camera that pans sees them."""
    picture = photograph(name)
    return [np.ascontiguousarray(picture[32:288, x : x + 320]) for x in (40, 52, 64)]


@pytest.mark.parametrize("name", HELD_OUT)
def test_frames_of_twice_the_size_are_nearer_to_the_true_ones_than_bicubic(name: str) -> None:
    large = film(name)
    stored = encode(np.stack([halved(frame) for frame in large]), 8, PLENTY, {}).data
    with (
        open_clip(stored) as clip,
        finished(clip, 8, Finish(upscale=2), lambda *_: None) as ready,
    ):
        assert len(ready.frames) == 3
        for made, small, true in zip(ready.frames, clip, large, strict=True):
            plain = np.asarray(bicubic(small, 2), np.uint8)
            assert psnr(made, true) > psnr(plain, true) + GAIN
            assert ssim(made, true) > ssim(plain, true)


@pytest.mark.parametrize("name", HELD_OUT)
def test_four_times_the_size_is_nearer_too(name: str) -> None:
    large = film(name)[0]
    small = halved(halved(large))
    made, plain = Upscaler.load().upscale(small, 4), np.asarray(bicubic(small, 4), np.uint8)
    assert made.shape == large.shape
    assert psnr(made, large) > psnr(plain, large)


def test_bands_leave_no_seams_and_odd_sizes_are_kept() -> None:
    upscaler, frame = Upscaler.load(), photograph("astronaut.png")[: 2 * BAND + 7, :61]
    whole = upscaler.upscale(frame, 2)
    assert whole.shape == (2 * frame.shape[0], 122, 3)
    part = upscaler.upscale(np.ascontiguousarray(frame[BAND - 20 : BAND + 20]), 2)
    assert np.array_equal(whole[2 * BAND - 20 : 2 * BAND + 20], part[20:60])


def test_a_plain_frame_stays_plain() -> None:
    frame = np.full((20, 30, 3), (200, 30, 90), np.uint8)
    assert np.abs(Upscaler.load().upscale(frame, 4).astype(int) - (200, 30, 90)).max() <= 1


def test_filters_that_are_fitted_anew_lower_the_error_on_what_they_saw() -> None:
    one = pair(reduced(photograph("coffee.png"), 320))
    missing = one.large - bicubic(one.small, 2)
    left = missing - Upscaler(fit([one]).astype(np.float32)).missing(one.small)
    assert np.mean(left**2) < 0.8 * np.mean(missing**2)


def test_pictures_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="not a picture"):
        decoded(b"no picture")
