"""A guided prediction gets back the contrast that the model was trained for."""

from __future__ import annotations

import pytest
import torch
from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import rescale_noise_cfg

from gpu_worker.models.i2vgen_xl.sampling.denoise import rescaled


@pytest.mark.parametrize("share", [0.3, 0.7, 1.0])
def test_it_is_what_diffusers_does(share: float) -> None:
    generator = torch.Generator().manual_seed(3)
    without, prompted = torch.randn(2, 2, 4, 3, 8, 8, generator=generator)
    guided = without + 9.0 * (prompted - without)
    theirs = rescale_noise_cfg(guided, prompted, guidance_rescale=share)
    found = rescaled(guided, prompted, share)
    torch.testing.assert_close(found, theirs)
    if share == 1.0:
        torch.testing.assert_close(found.std((1, 2, 3, 4)), prompted.std((1, 2, 3, 4)))
