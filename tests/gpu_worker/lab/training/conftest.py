"""Drawn pictures, a tokenizer of a few hundred prompts, and batches of random latents."""

from collections.abc import Iterator

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from transformers import CLIPTokenizer

from gpu_worker.lab.training.data.batches import BatchSampler, CropShape
from gpu_worker.lab.training.data.image_dataset import ImageDataset
from gpu_worker.lab.training.data.latent_dataset import LatentDataset
from gpu_worker.lab.training.data.prompt_sampler import PromptSampler, families
from gpu_worker.lab.training.networks import autoencoder, image_encoder, text_encoder, unet
from gpu_worker.lab.training.networks.text_encoder import WIDTH, TextEncoderWithHeads
from gpu_worker.lab.training.trained_networks import TrainedNetworks
from gpu_worker.lab.training.trainers.tokenizer_trainer import train_tokenizer


@pytest.fixture(scope="session")
def images() -> ImageDataset:
    """Draw soft pictures of 400 x 320, two of them held out, and a cut-out."""
    rng = np.random.default_rng(0)

    def drawn(channels: int) -> NDArray[np.uint8]:
        coarse = rng.integers(0, 256, (16, 20, channels)).astype(np.uint8)
        return np.asarray(cv2.resize(coarse, (400, 320), interpolation=cv2.INTER_CUBIC), np.uint8)

    pictures = [drawn(3) for _ in range(24)]
    return ImageDataset(pictures, [drawn(3), drawn(3)], [drawn(4)], {})


@pytest.fixture(scope="session")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> CLIPTokenizer:
    """Train a tokenizer on a few hundred prompts."""
    rng, prompts = np.random.default_rng(0), PromptSampler(families())
    texts = [prompts.draw(rng).text for _ in range(400)]
    return train_tokenizer(tmp_path_factory.mktemp("tokenizer"), texts)


@pytest.fixture(scope="session")
def sampler(tokenizer: CLIPTokenizer, tmp_path_factory: pytest.TempPathFactory) -> BatchSampler:
    """Write one shard of random latents, whose right quarter is uncovered, and draw from it."""
    rows = []
    for seed in range(3):
        noise = torch.Generator().manual_seed(seed)
        truth = torch.randn(4, 16, 16, 16, generator=noise).half()
        uncovered = torch.zeros(16, 16, 16)
        uncovered[:, :, 12:] = 1
        embedding = torch.randn(WIDTH, generator=noise)
        rows.append((truth, truth * 0.8, embedding, seed, uncovered.half()))
    folder = tmp_path_factory.mktemp("pairs")
    torch.save(rows, folder / "00000.pt")
    crops = (CropShape(8, 8, 2, 1.0),)
    return BatchSampler(LatentDataset(folder), PromptSampler(families()), tokenizer, crops)


@pytest.fixture(scope="module")
def small_networks() -> Iterator[None]:
    """Make denoiser and autoencoder as small as their classes allow."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(unet, "CHANNELS", (8, 16, 16))
        patch.setattr(unet, "HEAD", 8)
        patch.setattr(autoencoder, "CHANNELS", (8, 8, 16))
        yield


@pytest.fixture(scope="module")
def networks(tokenizer: CLIPTokenizer, small_networks: None) -> TrainedNetworks:
    """Build untrained networks."""
    torch.manual_seed(0)
    return TrainedNetworks(
        autoencoder.build().eval(),
        unet.build(),
        TextEncoderWithHeads(text_encoder.build(tokenizer)),
        tokenizer,
        image_encoder.build().eval(),
    )
