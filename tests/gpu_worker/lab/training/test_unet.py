"""The denoiser starts as nothing added, learns on crops of pairs, and resumes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import CLIPTokenizer

from gpu_worker.lab.training.data import batches
from gpu_worker.lab.training.data.latent_dataset import Bank
from gpu_worker.lab.training.data.prompt_sampler import Prompts, families
from gpu_worker.lab.training.networks import text_encoder as text
from gpu_worker.lab.training.networks import unet
from gpu_worker.lab.training.sampling import sample
from gpu_worker.lab.training.trainers import denoiser_trainer as trainer
from gpu_worker.lab.training.trainers import losses
from gpu_worker.lab.training.trainers.training_run import Run

RECIPE = batches.Recipe(crops=((8, 8, 2, 1.0),))


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the denoiser as small as its classes allow."""
    monkeypatch.setattr(unet, "CHANNELS", (8, 16, 16))
    monkeypatch.setattr(unet, "HEAD", 8)


@pytest.fixture
def bank(tmp_path: Path) -> Bank:
    """Write one shard of random latents and read it."""
    rows = []
    for seed in range(3):
        noise = torch.Generator().manual_seed(seed)
        truth = torch.randn(4, 16, 16, 16, generator=noise).half()
        beyond = torch.zeros(16, 16, 16)
        beyond[:, :, 12:] = 1
        embedding = torch.randn(text.WIDTH, generator=noise)
        rows.append((truth, truth * 0.8, embedding, seed, beyond.half()))
    folder = tmp_path / "pairs"
    folder.mkdir()
    torch.save(rows, folder / "00000.pt")
    return Bank(folder)


@pytest.fixture
def tokenizer(tmp_path: Path) -> CLIPTokenizer:
    """Train a tokenizer on almost nothing."""
    return text.train_tokenizer(tmp_path / "tokenizer", ["zoom in", "pan left"])


def test_an_untrained_denoiser_gives_the_moved_picture() -> None:
    torch.manual_seed(0)
    moved = torch.randn(1, 4, 8, 8, 8)
    told = (torch.randn(1, text.WIDTH), torch.randn(1, 4, text.WIDTH))
    made = sample(unet.build(), moved, told, scale=0.2, steps=2)
    assert torch.allclose(made, moved, atol=0.01)


def test_a_batch_depends_on_its_number_alone(bank: Bank, tokenizer: CLIPTokenizer) -> None:
    words = (Prompts(families()), tokenizer)
    one, two = (batches.draw(bank, words, RECIPE, 5) for _ in range(2))
    assert one.truth.equal(two.truth)
    assert one.tokens.equal(two.tokens)
    assert one.truth.shape[-2:] == (8, 8)
    assert one.truth.shape == one.moved.shape


def test_training_steps_and_resumes(bank: Bank, tokenizer: CLIPTokenizer, tmp_path: Path) -> None:
    encoder = text.build(tokenizer)
    words = (Prompts(families()), tokenizer)
    batch = batches.draw(bank, words, RECIPE, 1)
    training = trainer.Trainer(Run(tmp_path, "unet", seconds=60.0), RECIPE, torch.device("cpu"))
    losses = []
    for _ in range(8):
        losses.append(float(training.step(encoder, batch).value.detach()))
        training.run.tick()
    assert np.isfinite(losses).all()
    training.save(force=True)
    again = trainer.Trainer(Run(tmp_path, "unet", seconds=60.0), RECIPE, torch.device("cpu"))
    assert again.run.step == 8
    assert all(
        one.equal(two)
        for one, two in zip(again.model.parameters(), training.model.parameters(), strict=True)
    )


def test_a_crop_holds_something_that_is_uncovered(bank: Bank) -> None:
    for seed in range(12):
        crop = batches.crop(bank.pairs[0], 4, 4, np.random.default_rng(seed))
        assert [part.shape[-2:] for part in crop] == [(4, 4)] * 3
        assert crop[2].max() == 1


def test_what_the_picture_shows_weighs_little(bank: Bank, tokenizer: CLIPTokenizer) -> None:
    batch = batches.draw(bank, (Prompts(families()), tokenizer), RECIPE, 1)
    nothing = replace(batch, uncovered=torch.zeros_like(batch.uncovered))
    everything = replace(batch, uncovered=torch.ones_like(batch.uncovered))
    found = [
        losses.loss_of(
            unet.build(), text.build(tokenizer), one, RECIPE, torch.Generator().manual_seed(0)
        )
        for one in (nothing, everything)
    ]
    assert float(found[1].value.detach()) > 5 * float(found[0].value.detach())
    assert found[0].first == 0.0


def test_quiet_clips_count_beside_busy_ones(bank: Bank, tokenizer: CLIPTokenizer) -> None:
    busy = batches.draw(bank, (Prompts(families()), tokenizer), RECIPE, 1)
    quiet = replace(busy, moved=busy.truth - 0.3 * (busy.truth - busy.moved))
    values = []
    for batch in (busy, quiet):
        noise = torch.Generator().manual_seed(0)
        found = losses.loss_of(unet.build(), text.build(tokenizer), batch, RECIPE, noise)
        values.append(float(found.value.detach()))
    assert 0.2 < values[1] / values[0] < 0.5


def test_the_schedule_starts_at_pure_noise() -> None:
    clock = unet.scheduler()
    clock.set_timesteps(8)
    assert int(clock.timesteps[0]) == 999
    assert float(clock.alphas_cumprod[999]) < 1e-6
