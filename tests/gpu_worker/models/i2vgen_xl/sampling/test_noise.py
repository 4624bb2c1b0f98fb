"""A smaller clip's noise is that of the large one, as far as it can be seen there."""

from __future__ import annotations

import pytest
import torch

from gpu_worker.models.i2vgen_xl.sampling.noise import reduced

NOISE = torch.randn((4, 16, 48, 64), generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("shape", [(4, 16, 24, 32), (4, 4, 48, 64), (4, 5, 29, 40)])
def test_reduced_noise_has_unit_variance_and_follows_the_large_one(
    shape: tuple[int, int, int, int],
) -> None:
    small = reduced(NOISE, shape)
    assert small.shape == shape
    assert float(small.std()) == pytest.approx(1.0, abs=0.03)
    frames = NOISE[:, torch.linspace(0, 15, shape[1]).round().long()].flatten(0, 1)[:, None]
    there = torch.nn.functional.interpolate(frames, size=shape[2:], mode="area").flatten()
    assert float(torch.corrcoef(torch.stack([there, small.flatten()]))[0, 1]) > 0.97


def test_noise_of_the_same_shape_stays_as_it_is() -> None:
    assert reduced(NOISE, (4, 16, 48, 64)) is NOISE
