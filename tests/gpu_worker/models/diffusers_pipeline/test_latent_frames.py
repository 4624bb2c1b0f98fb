"""Latents of every order become frames, and a linear map of them the picture."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from gpu_worker.models.diffusers_pipeline.latent_frames import LatentsToPicture, latent_frames
from storage.domain.request import GenerationRequest
from tests.gpu_worker.models.diffusers_pipeline.conftest import clip_of

PIPELINE = SimpleNamespace(vae_spatial_compression_ratio=16, vae_temporal_compression_ratio=4)


@pytest.fixture
def request_of_nine(picture: Image.Image) -> GenerationRequest:
    return clip_of("cogvideox-5b-i2v", picture)[0]  # 96 x 64, 9 frames


@pytest.mark.parametrize("order", ["cfhw", "fchw", "tokens", "tokens after conditions"])
def test_every_order_gives_channels_frames_height_width(
    request_of_nine: GenerationRequest, order: str
) -> None:
    frames = torch.randn(8, 3, 4, 6)
    latents = {
        "cfhw": frames[None],
        "fchw": frames.transpose(0, 1)[None],
        "tokens": frames.permute(1, 2, 3, 0).reshape(1, -1, 8),
    }
    latents["tokens after conditions"] = torch.cat(
        [torch.zeros(1, 24, 8), latents["tokens"]], dim=1
    )
    found = latent_frames(latents[order], PIPELINE, request_of_nine)
    assert found is not None
    torch.testing.assert_close(found, frames)


@pytest.mark.parametrize("shape", [(1, 8, 5, 4, 6), (1, 7, 8), (1, 8, 4, 6)])
def test_latents_of_another_shape_are_not_shown(
    request_of_nine: GenerationRequest, shape: tuple[int, ...]
) -> None:
    assert latent_frames(torch.zeros(shape), PIPELINE, request_of_nine) is None


def test_the_map_finds_the_picture_in_latents_that_mix_its_colours(picture: Image.Image) -> None:
    whole = np.asarray(picture.resize((48, 32)))
    small = np.asarray(picture.resize((48, 32)).reduce(8)).astype(np.float32)
    mixed = torch.einsum("hwd,dc->chw", torch.from_numpy(small), torch.randn(3, 8))
    latents = (mixed + 5.0)[:, None].repeat(1, 3, 1, 1)
    shown = LatentsToPicture(whole)(latents)
    assert shown.shape == (3, 4, 6, 3)
    assert np.abs(shown[1].numpy().astype(float) - small).max() < 3
