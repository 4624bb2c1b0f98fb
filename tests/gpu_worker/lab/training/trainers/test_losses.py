"""The loss counts what is uncovered, and plain clips beside busy ones."""

from dataclasses import replace

import pytest
import torch
from transformers import CLIPTokenizer

from gpu_worker.lab.training.data.batches import BatchSampler, TrainingBatch
from gpu_worker.lab.training.networks import text_encoder, unet
from gpu_worker.lab.training.trainers.losses import ResidualLoss, residual_loss

pytestmark = pytest.mark.usefixtures("small_networks")


@pytest.fixture
def losses(tokenizer: CLIPTokenizer) -> "Losses":
    """Return the losses of an untrained denoiser."""
    return Losses(tokenizer)


class Losses:
    """An untrained denoiser and text encoder; the noise is the same for every batch."""

    def __init__(self, tokenizer: CLIPTokenizer) -> None:
        self.unet, self.encoder = unet.build(), text_encoder.build(tokenizer)

    def __call__(self, batch: TrainingBatch) -> ResidualLoss:
        noise = torch.Generator().manual_seed(0)
        return residual_loss(self.unet, self.encoder, batch, noise)


def test_what_the_picture_shows_weighs_little(sampler: BatchSampler, losses: Losses) -> None:
    batch = sampler.draw(1)
    covered = losses(replace(batch, uncovered=torch.zeros_like(batch.uncovered)))
    uncovered = losses(replace(batch, uncovered=torch.ones_like(batch.uncovered)))
    assert float(uncovered.value.detach()) > 5 * float(covered.value.detach())
    assert covered.initial == 0.0


def test_plain_clips_count_beside_busy_ones(sampler: BatchSampler, losses: Losses) -> None:
    busy = sampler.draw(1)
    plain = replace(busy, moved=busy.truth - 0.3 * (busy.truth - busy.moved))
    values = [float(losses(batch).value.detach()) for batch in (busy, plain)]
    assert 0.2 < values[1] / values[0] < 0.5
