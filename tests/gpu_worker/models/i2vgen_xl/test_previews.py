"""Previews show the clip's colours early, as small animated pictures, each one once."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from gpu_worker.models.i2vgen_xl import previews


def test_the_map_finds_colours_that_are_linear_in_the_latents() -> None:
    generator = torch.Generator().manual_seed(3)
    latents = torch.randn(4, 8, 8, generator=generator)
    mixing = torch.tensor([[20.0, 0, 5], [0, 15, 0], [3, 0, 10], [0, 4, 0]])
    colours = torch.einsum("chw,cd->hwd", latents, mixing) + 128
    picture = colours.clamp(0, 255).round().to(torch.uint8).numpy()
    found = previews.fit_latents_to_rgb(latents, picture)(latents[:, None])[0].numpy()
    assert np.abs(found.astype(int) - picture).mean() < 2.0


def test_a_picture_of_one_colour_can_be_fitted() -> None:
    grey = np.full((16, 16, 3), 77, np.uint8)
    found = previews.fit_latents_to_rgb(torch.zeros(4, 4, 4), grey)(torch.zeros(4, 1, 4, 4)).numpy()
    assert np.abs(found.astype(int) - 77).max() <= 1


def test_a_preview_is_an_animated_webp() -> None:
    frames = np.random.default_rng(0).integers(0, 255, (5, 12, 20, 3), np.uint8)
    image = Image.open(io.BytesIO(previews.encode_webp(frames)))
    assert image.format == "WEBP"
    assert getattr(image, "n_frames", 1) == 5
    assert image.size == (previews.SIDE, round(previews.SIDE * 12 / 20))


def test_each_preview_is_handed_out_once() -> None:
    def look() -> Tensor:
        return torch.zeros(4, 3, 4, 4)

    with ThreadPoolExecutor(1) as pool:
        colours = previews.fit_latents_to_rgb(
            torch.zeros(4, 4, 4), np.full((16, 16, 3), 77, np.uint8)
        )
        previewer = previews.Previewer(colours, frozenset({2}), pool)
        assert previewer.offer(1, look) is None
        assert previewer.offer(2, look) is None
        pool.submit(lambda: None).result()
        assert previewer.offer(3, look) is not None
        assert previewer.offer(4, look) is None


def test_short_clips_have_no_previews() -> None:
    assert previews.preview_steps(2) == frozenset()
    assert previews.preview_steps(10) == frozenset({3, 6, 8})
